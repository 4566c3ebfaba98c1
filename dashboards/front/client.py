"""A client of the API: one method for each request, one exception for each kind of failure.

::

    ApiError              any failure; ``key`` names the sentence that is shown
    ├── DownError         the API or its store does not answer
    └── KeyRefusedError   the key is missing, wrong, revoked, or lacks the scope
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from badbuzz.errors import BadbuzzError
from badbuzz.store.model import AlertHistory, Page, RulingKind, SampledTweet, TweetOrder, WindowSum
from dashboards.error_responses import ErrorAnalysis
from dashboards.responses import BrandStatus, ModelOverview, PeriodTerms

_T = TypeVar("_T")

_TIMEOUT_S: Final = 10.0
_SENTENCES: Final = {
    HTTPStatus.UNAUTHORIZED: "api_unauthorized",
    HTTPStatus.FORBIDDEN: "api_forbidden",
    HTTPStatus.NOT_FOUND: "api_not_found",
    HTTPStatus.TOO_MANY_REQUESTS: "api_too_many",
}


class ApiError(BadbuzzError):
    """A request failed.

    Parameters
    ----------
    key
        Key of the sentence that is shown, in :mod:`badbuzz.messages.translator`.
    detail
        The API's own message, in English; may be empty.
    """

    def __init__(self, key: str, detail: str = "") -> None:
        super().__init__(f"{key}: {detail}" if detail else key)
        self.key = key
        self.detail = detail


class DownError(ApiError):
    """The API or its store does not answer. The request may be repeated later."""


class KeyRefusedError(ApiError):
    """The key is missing, wrong, revoked, or lacks the scope."""


class Client:
    """A client with one address and one key.

    Parameters
    ----------
    url
        Address of the API.
    key
        Secret of the API key; empty if the API needs no key.

    Attributes
    ----------
    identity
        Address and key, to cache by.
    """

    def __init__(self, url: str, key: str = "") -> None:
        self.identity = (url, key)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=_TIMEOUT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, **parameters: Any) -> Any:
        """Return the parsed JSON of ``GET path``; parameters that are None are omitted.

        Raises
        ------
        ApiError
            When the request fails.
        """
        return self._send("GET", path, parameters).json()

    def get_text(self, path: str, **parameters: Any) -> str:
        """Return the text of ``GET path``."""
        return self._send("GET", path, parameters).text

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """Return the parsed JSON of ``POST path``; ``_`` in a header's name stands for ``-``.

        Raises
        ------
        ApiError
            When the request fails.
        """
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._send("POST", path, {}, json=body, headers=named).json()

    def _send(self, method: str, path: str, parameters: Any, **options: Any) -> httpx.Response:
        query = {name.rstrip("_"): value for name, value in parameters.items() if value is not None}
        try:
            response = self._http.request(method, path, params=query, **options)
        except (httpx.InvalidURL, httpx.TransportError) as error:
            raise DownError("api_down", str(error)) from error
        if response.is_success:
            return response
        raise _failure(response)

    def brands(self) -> list[BrandStatus]:
        """Return the state of every brand, sorted by name."""
        return [decode(BrandStatus, one) for one in self.get("/brands")]

    def windows(
        self, brand: str, from_ms: int, to_ms: int, step_ms: int = 300_000
    ) -> list[WindowSum]:
        """Return a brand's windows, oldest first, summed over steps."""
        path, steps, cursor = f"/brands/{quote(brand)}/windows", [], None
        while True:
            page = self.get(path, from_=from_ms, to=to_ms, step=step_ms, limit=1000, cursor=cursor)
            steps += [decode(WindowSum, one) for one in page["items"]]
            cursor = page["cursor"]
            if cursor is None:
                return steps

    def tweets(
        self, brand: str, order: TweetOrder, from_ms: int, to_ms: int | None, limit: int
    ) -> list[SampledTweet]:
        """Return a brand's sampled tweets; by default until the end of its last window."""
        page = self.get(
            f"/brands/{quote(brand)}/tweets", order=order, from_=from_ms, to=to_ms, limit=limit
        )
        return [decode(SampledTweet, one) for one in page["items"]]

    def terms(self, brand: str, from_ms: int, to_ms: int) -> PeriodTerms:
        """Return the driving terms of a period."""
        path = f"/brands/{quote(brand)}/terms"
        return decode(PeriodTerms, self.get(path, from_=from_ms, to=to_ms))

    def alerts(self, brand: str | None, limit: int, **filters: Any) -> Page[AlertHistory]:
        """Return the newest alerts; ``filters`` are ``phase``, ``from_`` and ``to``."""
        page = self.get("/alerts", brand=brand, limit=limit, **filters)
        return Page(tuple(decode(AlertHistory, one) for one in page["items"]), page["cursor"])

    def alert(self, alert_id: str) -> AlertHistory:
        """Return one alert with its phases and rulings."""
        return decode(AlertHistory, self.get(f"/alerts/{quote(alert_id)}"))

    def acknowledge(self, alert_id: str) -> AlertHistory:
        """Acknowledge an alert."""
        return decode(AlertHistory, self.post(f"/alerts/{quote(alert_id)}/ack"))

    def rule(self, alert_id: str, verdict: RulingKind, note: str) -> AlertHistory:
        """Rule on an alert."""
        body = {"verdict": verdict, "note": note}
        return decode(AlertHistory, self.post(f"/alerts/{quote(alert_id)}/ruling", body))

    def models(self) -> ModelOverview:
        """Return the models of every language and the state of the registry."""
        return decode(ModelOverview, self.get("/models"))

    def errors(self, from_ms: int) -> ErrorAnalysis:
        """Return the error analysis of the feedback since a time."""
        return decode(ErrorAnalysis, self.get("/errors", from_=from_ms))


def decode(kind: type[_T], value: Any) -> _T:
    """Return a frozen value from its JSON; unknown fields are ignored.

    Parameters
    ----------
    kind
        A dataclass, whose fields may be dataclasses, tuples of them, or None.
    value
        Parsed JSON.

    Raises
    ------
    ApiError
        When a field is missing, of the wrong type or out of its bounds.

    Examples
    --------
    >>> from badbuzz.model import Term
    >>> decode(Term, {"term": "bags", "n": 3, "z": 2.5, "more": 1})
    Term(term='bags', n=3, z=2.5)
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ApiError("api_unreadable", f"{kind.__name__}: {error}") from error


def _failure(response: httpx.Response) -> ApiError:
    detail = _detail(response)
    key = _SENTENCES.get(HTTPStatus(response.status_code))
    if response.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return KeyRefusedError(key or "api_unauthorized", detail)
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return DownError("api_store_down", detail)
    return ApiError(key or "api_refused", detail)


def _detail(response: httpx.Response) -> str:
    """Return the detail of problem details; empty if the response has none."""
    try:
        problem = response.json()
    except ValueError:
        return ""
    return str(problem.get("detail", "")) if isinstance(problem, dict) else ""
