"""The OpenAPI document: what FastAPI knows, with every problem that a route may answer."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from dashboards.api.problems import MEDIA_TYPE, Problem

_TITLES: Final = {
    "400": "A body that cannot be read",
    "401": "The key is missing, wrong or revoked",
    "403": "The key may not do that",
    "404": "There is none of that name",
    "413": "The body is too large",
    "415": "The body is not said to be JSON",
    "422": "A field cannot be used",
    "429": "Asked too often",
    "500": "Our mistake",
    "503": "The store does not answer",
}
_GUARDED: Final = ("401", "403", "422", "429", "500", "503")
_OPEN: Final = ("500", "503")
_SCHEMES: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "Authorization: Bearer bb_…"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
SECURITY: Final[list[dict[str, list[str]]]] = [{"bearer": []}, {"header": []}]
"""What a guarded route says of itself: either scheme does."""


def describe(app: FastAPI) -> dict[str, Any]:
    """The document of an application, made once."""
    if app.openapi_schema is None:
        told = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        parts = told.setdefault("components", {})
        schemas = parts.setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= problem.pop("$defs", {})
        schemas["Problem"] = problem
        parts["securitySchemes"] = _SCHEMES
        for path, operations in told["paths"].items():
            for operation in operations.values():
                _add_problems(path, operation)
        app.openapi_schema = told
    return app.openapi_schema


def _add_problems(path: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    for status in _statuses(path, operation):
        responses[status] = {
            "description": _TITLES[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }


def _statuses(path: str, operation: dict[str, Any]) -> list[str]:
    if "security" not in operation:
        return list(_OPEN)
    statuses = list(_GUARDED)
    if "requestBody" in operation:
        statuses += ["400", "413", "415"]
    named = {told["name"] for told in operation.get("parameters", ())}
    if "{" in path or path == "/feedback" or "brand" in named:
        statuses += ["404"]
    return sorted(statuses)
