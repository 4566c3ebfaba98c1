"""The API, asked over HTTP: a small function for each question, one exception for each failure.

::

    ApiError              it cannot be shown; ``key`` is the sentence that says why
    ├── DownError         nobody answers, or the store behind it does not
    └── RefusedError      the key is missing, wrong, revoked, or may not do that
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Self
from urllib.parse import quote

import httpx

from badbuzz.errors import BadbuzzError
from badbuzz.model import Alert, Term, Window
from badbuzz.store.model import AlertHistory, Page, RulingKind, SampledTweet, TweetOrder, WindowSum
from dashboards.front.decoding import read

_PATIENCE_S: Final = 10.0
_REASONS: Final = {
    HTTPStatus.UNAUTHORIZED: "api_unauthorized",
    HTTPStatus.FORBIDDEN: "api_forbidden",
    HTTPStatus.NOT_FOUND: "api_not_found",
    HTTPStatus.TOO_MANY_REQUESTS: "api_too_many",
}


class ApiError(BadbuzzError):
    """The API did not give what was asked for.

    Parameters
    ----------
    key
        Of the sentence that tells people, in :mod:`dashboards.front.translator`.
    detail
        What the API said, in English; may be empty.
    """

    def __init__(self, key: str, detail: str = "") -> None:
        super().__init__(f"{key}: {detail}" if detail else key)
        self.key = key
        self.detail = detail


class DownError(ApiError):
    """Nobody answers, or the store behind the API does not: it may again."""


class RefusedError(ApiError):
    """The key is missing, wrong, revoked, or may not do that."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a brand stands, and by which clock: ``zone`` is an IANA name."""

    brand: str
    zone: str
    last_window: Window | None
    open_alert: Alert | None


@dataclass(frozen=True, slots=True)
class Terms:
    """What sets a period's sampled negatives apart from those of the week before it."""

    n: int
    n_before: int
    terms: tuple[Term, ...]


class Client:
    """Asks one API, under one key.

    Parameters
    ----------
    url
        Of the API.
    key
        Its secret; empty where none is asked for.
    """

    def __init__(self, url: str, key: str = "") -> None:
        self.identity = (url, key)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=_PATIENCE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Let its connections go."""
        self._http.close()

    def get(self, path: str, **asked: Any) -> Any:
        """What ``GET path`` answers, as parsed JSON; parameters that are None are left out.

        Raises
        ------
        ApiError
            When the API does not give it.
        """
        return self._answer("GET", path, asked).json()

    def get_text(self, path: str, **asked: Any) -> str:
        """The same, for what is no JSON."""
        return self._answer("GET", path, asked).text

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """What ``POST path`` answers, as parsed JSON; ``_`` in a header's name stands for ``-``.

        Raises
        ------
        ApiError
            When the API does not take it.
        """
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._answer("POST", path, {}, json=body, headers=named).json()

    def _answer(self, method: str, path: str, asked: Any, **options: Any) -> httpx.Response:
        named = {name.rstrip("_"): value for name, value in asked.items() if value is not None}
        try:
            answer = self._http.request(method, path, params=named, **options)
        except httpx.InvalidURL as error:
            raise DownError("api_down", str(error)) from error
        except httpx.TransportError as error:
            raise DownError("api_down", str(error)) from error
        if answer.is_success:
            return answer
        raise _failure(answer)

    def brands(self) -> list[Standing]:
        """Every brand, by name."""
        return [read(Standing, one) for one in self.get("/brands")]

    def windows(
        self,
        brand: str,
        from_ms: int | None = None,
        to_ms: int | None = None,
        step_ms: int = 300_000,
    ) -> list[WindowSum]:
        """A brand's windows, oldest first; those of its last day where no period is given."""
        path, steps, cursor = f"/brands/{quote(brand)}/windows", [], None
        while True:
            page = self.get(path, from_=from_ms, to=to_ms, step=step_ms, limit=1000, cursor=cursor)
            steps += [read(WindowSum, one) for one in page["items"]]
            cursor = page["cursor"]
            if cursor is None:
                return steps

    def tweets(
        self,
        brand: str,
        order: TweetOrder,
        from_ms: int | None = None,
        to_ms: int | None = None,
        limit: int = 20,
    ) -> list[SampledTweet]:
        """A brand's sampled tweets; of its last day where no period is given."""
        page = self.get(
            f"/brands/{quote(brand)}/tweets", order=order, from_=from_ms, to=to_ms, limit=limit
        )
        return [read(SampledTweet, one) for one in page["items"]]

    def terms(self, brand: str, from_ms: int | None = None, to_ms: int | None = None) -> Terms:
        """What a period's negatives are about; its last day's where none is given."""
        return read(Terms, self.get(f"/brands/{quote(brand)}/terms", from_=from_ms, to=to_ms))

    def alerts(
        self,
        brand: str | None = None,
        phase: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[AlertHistory]:
        """Alerts, the newest first."""
        page = self.get("/alerts", brand=brand, phase=phase, cursor=cursor, limit=limit)
        return Page(tuple(read(AlertHistory, one) for one in page["items"]), page["cursor"])

    def alert(self, alert_id: str) -> AlertHistory:
        """One alert and all that became of it."""
        return read(AlertHistory, self.get(f"/alerts/{quote(alert_id)}"))

    def acknowledge(self, alert_id: str) -> AlertHistory:
        """Say that you have seen it."""
        return read(AlertHistory, self.post(f"/alerts/{quote(alert_id)}/ack"))

    def rule(self, alert_id: str, verdict: RulingKind, note: str = "") -> AlertHistory:
        """Say what it was."""
        body = {"verdict": verdict, "note": note}
        return read(AlertHistory, self.post(f"/alerts/{quote(alert_id)}/ruling", body))


def _failure(answer: httpx.Response) -> ApiError:
    detail = _detail(answer)
    key = _REASONS.get(HTTPStatus(answer.status_code))
    if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return RefusedError(key or "api_unauthorized", detail)
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return DownError("api_store_down", detail)
    return ApiError(key or "api_refused", detail)


def _detail(answer: httpx.Response) -> str:
    """What a problem's detail says; empty where it is none."""
    try:
        told = answer.json()
    except ValueError:
        return ""
    return str(told.get("detail", "")) if isinstance(told, dict) else ""
