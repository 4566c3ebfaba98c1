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
from dashboards.api.logs import log_event

MEDIA_TYPE: Final = "application/problem+json"
_RETRY_S: Final = 5


class FieldError(BaseModel):
    """The error of one field of a request."""

    field: str
    detail: str


class Problem(BaseModel):
    """An error. The request had no effect."""

    model_config = ConfigDict(json_schema_extra={"examples": [
        {
            "type": "about:blank", "title": "Unprocessable Entity", "status": 422,
            "detail": "query.limit: Input should be less than or equal to 1000",
            "errors": [
                {"field": "query.limit", "detail": "Input should be less than or equal to 1000"},
            ],
        },
    ]})  # fmt: skip

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] | None = None


class InvalidFieldError(HTTPException):
    """A field is invalid for a reason that its schema does not express: 422.

    Parameters
    ----------
    field
        Location of the field, for example ``query.from`` or ``body.explain``.
    detail
        The reason, in lower case and without a full stop.
    """

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
        self.field = field


def problem_response(
    status: int,
    detail: str,
    *,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a response with problem details.

    Examples
    --------
    >>> problem_response(404, "no such alert").body
    b'{"type":"about:blank","title":"Not Found","status":404,"detail":"no such alert"}'
    """
    problem: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        problem["errors"] = errors
    body = orjson.dumps(problem, default=str)
    return Response(body, status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def store_down_response() -> Response:
    """Return the response to a request that the store does not answer."""
    return problem_response(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the store does not answer",
        headers={"Retry-After": str(_RETRY_S)},
    )


def handle_problems(app: FastAPI) -> None:
    """Register a handler that answers with problem details for each known exception."""
    app.add_exception_handler(HTTPException, _handle_http)
    app.add_exception_handler(RequestValidationError, _handle_validation)
    app.add_exception_handler(QueryError, _handle_query)
    app.add_exception_handler(UnknownError, _handle_unknown)
    app.add_exception_handler(StoreError, _handle_store)


async def _handle_http(_: Request, exception: Exception) -> Response:
    error = cast(HTTPException, exception)
    if isinstance(error, InvalidFieldError):
        return _unprocessable([{"field": error.field, "detail": error.detail}])
    return problem_response(error.status_code, error.detail, headers=error.headers)


async def _handle_validation(_: Request, exception: Exception) -> Response:
    """Name the invalid fields without repeating their values."""
    error = cast(RequestValidationError, exception)
    return _unprocessable([_field_error(one) for one in error.errors()])


def _field_error(error: Mapping[str, Any]) -> dict[str, str]:
    if error.get("type") == "json_invalid":
        position, reason = error["loc"][-1] + 1, error["ctx"]["error"]
        return {"field": "body", "detail": f"invalid JSON: {reason}, at character {position}"}
    detail = str(error["msg"]).removeprefix("Value error, ")
    return {"field": ".".join(map(str, error["loc"])), "detail": detail}


def _unprocessable(errors: list[dict[str, str]]) -> Response:
    detail = "; ".join(f"{one['field']}: {one['detail']}" for one in errors[:3])
    return problem_response(HTTPStatus.UNPROCESSABLE_ENTITY, detail, errors=errors)


async def _handle_query(_: Request, error: Exception) -> Response:
    field, _colon, detail = str(error).partition(": ")
    return _unprocessable([{"field": f"query.{field}", "detail": detail}])


async def _handle_unknown(_: Request, error: Exception) -> Response:
    return problem_response(HTTPStatus.NOT_FOUND, str(error))


async def _handle_store(_: Request, error: Exception) -> Response:
    """Answer 503; only the log gets the reason, because it names the store's address."""
    log_event("store_failed", level=logging.ERROR, reason=str(error))
    return store_down_response()
