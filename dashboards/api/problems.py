"""Every error as problem details: ``application/problem+json``, RFC 9457."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, cast

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from badbuzz.errors import QueryError, StoreError, UnknownError
from dashboards.api.logs import note

MEDIA_TYPE: Final = "application/problem+json"
_RETRY_S: Final = 5


class FieldError(BaseModel):
    """What is wrong with one field of a request."""

    field: str
    detail: str


class Problem(BaseModel):
    """An error: what was asked is left undone."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank",
                    "title": "Unprocessable Entity",
                    "status": 422,
                    "detail": "query.limit: Input should be less than or equal to 1000",
                    "errors": [
                        {
                            "field": "query.limit",
                            "detail": "Input should be less than or equal to 1000",
                        }
                    ],
                }
            ]
        }
    )

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] | None = None


class FieldProblem(HTTPException):
    """A field that cannot be used, where only the work itself could see it: 422.

    Parameters
    ----------
    field
        Where it stands: ``query.from``, ``body.explain``.
    detail
        What is wrong with it.
    """

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
        self.field = field


def problem(
    status: int,
    detail: str,
    *,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A response that says what went wrong.

    Examples
    --------
    >>> problem(404, "no such alert").body
    b'{"type":"about:blank","title":"Not Found","status":404,"detail":"no such alert"}'
    """
    told: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        told["errors"] = errors
    body = orjson.dumps(told, default=str)
    return Response(body, status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def handle_problems(app: FastAPI) -> None:
    """Let an application answer every error that it knows with problem details."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(QueryError, _unanswerable)
    app.add_exception_handler(UnknownError, _unknown)
    app.add_exception_handler(StoreError, _down)


async def _refused(_: Request, error: Exception) -> Response:
    refusal = cast(HTTPException, error)
    if isinstance(refusal, FieldProblem):
        return _unprocessable([{"field": refusal.field, "detail": refusal.detail}])
    return problem(refusal.status_code, refusal.detail, headers=refusal.headers)


async def _invalid(_: Request, error: Exception) -> Response:
    """Name the fields, and never repeat what they held."""
    invalid = cast(RequestValidationError, error)
    return _unprocessable([_told(one) for one in invalid.errors()])


def _told(error: Mapping[str, Any]) -> dict[str, str]:
    if error.get("type") == "json_invalid":
        at, reason = error["loc"][-1] + 1, error["ctx"]["error"]
        return {"field": "body", "detail": f"no JSON: {reason}, at its character {at}"}
    detail = str(error["msg"]).removeprefix("Value error, ")
    return {"field": ".".join(map(str, error["loc"])), "detail": detail}


def _unprocessable(errors: list[dict[str, str]]) -> Response:
    told = "; ".join(f"{one['field']}: {one['detail']}" for one in errors[:3])
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, told, errors=errors)


async def _unanswerable(_: Request, error: Exception) -> Response:
    field, _colon, detail = str(error).partition(": ")
    return _unprocessable([{"field": f"query.{field}", "detail": detail}])


async def _unknown(_: Request, error: Exception) -> Response:
    return problem(HTTPStatus.NOT_FOUND, str(error))


async def _down(_: Request, error: Exception) -> Response:
    """Say that the store is not to be had; the log says why, as that names its address."""
    note("store_failed", level=logging.ERROR, reason=str(error))
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the store does not answer",
        headers={"Retry-After": str(_RETRY_S)},
    )
