"""The OpenAPI document: FastAPI's own, with problem details and descriptions of properties."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from dashboards.api.problems import MEDIA_TYPE, Problem

_DESCRIPTIONS: Final = {
    "400": "The body cannot be read",
    "401": "The key is missing, wrong or revoked",
    "403": "The key does not have the scope",
    "404": "Not found",
    "408": "The body did not arrive in time",
    "413": "The body is too large",
    "415": "The content type is not JSON",
    "422": "A field is invalid",
    "429": "Too many requests",
    "500": "Internal error",
    "503": "The store does not answer",
}
_WITH_KEY: Final = ("401", "403", "422", "429", "500", "503")
_WITHOUT_KEY: Final = ("500", "503")
_SCHEMES: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "Authorization: Bearer bb_…"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
SECURITY: Final[list[dict[str, list[str]]]] = [{"bearer": []}, {"header": []}]
"""The security requirement of a route that needs a key: either scheme."""
_SECTION: Final = "\n\nParameters\n----------\n"


def build_document(app: FastAPI) -> dict[str, Any]:
    """Return the document of an application, built at the first call."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        components = document.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= problem.pop("$defs", {})
        schemas["Problem"] = problem
        for schema in schemas.values():
            _describe_properties(schema)
        components["securitySchemes"] = _SCHEMES
        for path, operations in document["paths"].items():
            for operation in operations.values():
                _add_problems(path, operation)
        app.openapi_schema = document
    return app.openapi_schema


def _describe_properties(schema: dict[str, Any]) -> None:
    """Move the entries of a docstring's section *Parameters* to the properties."""
    summary, _, section = schema.get("description", "").partition(_SECTION)
    names: list[str] = []
    for line in section.splitlines():
        if line and not line.startswith(" "):
            names = line.split(", ")
            continue
        for name in names:
            described = schema["properties"].get(name, {})
            described["description"] = f"{described.get('description', '')} {line.strip()}".strip()
    if section:
        schema["description"] = summary


def _add_problems(path: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    for status in _statuses(path, operation):
        responses[status] = {
            "description": _DESCRIPTIONS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }


def _statuses(path: str, operation: dict[str, Any]) -> list[str]:
    if "security" not in operation:
        return list(_WITHOUT_KEY)
    statuses = list(_WITH_KEY)
    if "requestBody" in operation:
        statuses += ["400", "408", "413", "415"]
    names = {parameter["name"] for parameter in operation.get("parameters", ())}
    if "{" in path or path == "/feedback" or "brand" in names:
        statuses += ["404"]
    return sorted(statuses)
