"""Authentication and authorization: API keys, scopes, rate limits, size of the body.

A route declares the scope that it needs by its class in :mod:`dashboards.api.routing`. The class
calls :meth:`Authenticator.authorize` before the body of the request is read.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import Final
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive

from badbuzz.config.settings import Settings
from badbuzz.errors import StoreError
from badbuzz.store.database import Store
from badbuzz.store.model import ApiKey
from badbuzz.terminal.ports import LOOPBACK
from dashboards.api import credentials
from dashboards.api.rate_limits import RateLimiter

CACHE_S: Final = 5.0
"""Seconds for which a key read from the store is cached: the delay of a revocation."""
_MAX_CACHED_KEYS: Final = 1000
_ATTEMPTS_PER_MINUTE: Final = 600
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="badbuzz"'}


@dataclass(frozen=True, slots=True)
class Caller:
    """The authenticated sender of a request: the name and the scopes of its key."""

    name: str
    scopes: frozenset[str]


ANONYMOUS: Final = Caller("anybody", frozenset({"admin"}))
"""The caller of every request if keys are off."""


class Authenticator:
    """Authenticates callers by their keys and checks their scopes and rates.

    Parameters
    ----------
    settings
        The rate limit, the maximum size of a body and the allowed origins.
    store
        The store of the keys.
    with_keys
        False accepts every request to and from a loopback host name. This excludes pages on the
        web whose host name resolves to this machine (DNS rebinding).
    clock
        Monotonic clock, seconds.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        with_keys: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._with_keys = with_keys
        self._clock = clock
        self._max_bytes = settings.api_max_kb * 1024
        self._origins = allowed_origins(settings)
        self._requests = RateLimiter(settings.api_rate)
        self._attempts = RateLimiter(_ATTEMPTS_PER_MINUTE)
        self._cache: OrderedDict[str, tuple[ApiKey, bytes, float]] = OrderedDict()
        self._pending: dict[str, asyncio.Task[tuple[ApiKey, bytes] | None]] = {}

    async def authorize(self, request: Request, scope: str) -> Caller:
        """Return the caller of a request if its key includes a scope.

        Raises
        ------
        HTTPException
            401 if the key is missing, wrong or revoked; 403 if its scopes do not include
            ``scope``; 429 if the caller exceeds its rate.
        """
        if not self._with_keys:
            self._check_loopback(request)
            request.scope["badbuzz.caller"] = ANONYMOUS.name
            return ANONYMOUS
        caller = await self._authenticate(request)
        wait_s = self._requests.wait_s(caller.name, self._clock())
        if wait_s:
            raise _too_many_requests(wait_s)
        if not credentials.allows(caller.scopes, scope):
            granted = ", ".join(sorted(caller.scopes))
            raise HTTPException(
                HTTPStatus.FORBIDDEN, f"the key has the scope {granted}; the request needs {scope}"
            )
        return caller

    async def is_still_valid(self, request: Request) -> bool:
        """Tell whether the key of a request is still valid, for responses that do not end.

        While the store does not answer, the key counts as valid.
        """
        try:
            if self._with_keys:
                await self._authenticate(request)
        except HTTPException:
            return False
        except StoreError:
            return True
        return True

    async def _authenticate(self, request: Request) -> Caller:
        """Return the caller that the request's key belongs to."""
        address = request.client.host if request.client else ""
        secret = _secret(request)
        prefix = credentials.prefix_of(secret)
        if prefix is None:
            raise _unauthorized()
        found = await self._find_key(prefix, address)
        if found is not None:
            key, digest = found
            if credentials.is_same(digest, credentials.digest(secret)) and key.revoked_ms is None:
                request.scope["badbuzz.caller"] = key.name
                return Caller(key.name, key.scopes)
            if wait_s := self._attempts.wait_s(address, self._clock()):
                raise _too_many_requests(wait_s)
        raise _unauthorized()

    async def _find_key(self, prefix: str, address: str) -> tuple[ApiKey, bytes] | None:
        """Return the key of a prefix and its digest, from the cache or from the store.

        Concurrent requests with the same prefix share one query. Each unknown prefix counts as an
        attempt of its address before the store is queried, so that concurrent guesses cannot
        exhaust the store's connections.
        """
        now_s = self._clock()
        if prefix in self._cache:
            key, digest, read_s = self._cache[prefix]
            if now_s - read_s < CACHE_S:
                return key, digest
        is_guess = prefix not in self._cache and prefix not in self._pending
        if is_guess and (wait_s := self._attempts.wait_s(address, now_s)):
            raise _too_many_requests(wait_s)
        if prefix not in self._pending:
            self._pending[prefix] = asyncio.create_task(self._read_key(prefix, now_s))
        found = await asyncio.shield(self._pending[prefix])
        if is_guess and found is not None:
            self._attempts.give_back(address)
        return found

    async def _read_key(self, prefix: str, now_s: float) -> tuple[ApiKey, bytes] | None:
        """Read a key from the store into the cache."""
        try:
            found = await run_in_threadpool(self._store.key, prefix)
        finally:
            del self._pending[prefix]
        self._cache.pop(prefix, None)
        if found is not None:
            self._cache[prefix] = (*found, now_s)
            if len(self._cache) > _MAX_CACHED_KEYS:
                self._cache.popitem(last=False)
        return found

    def _check_loopback(self, request: Request) -> None:
        host = _host_of(f"//{request.headers.get('host', '')}")
        origin = request.headers.get("origin")
        is_allowed = origin is None or origin in self._origins or _host_of(origin) in LOOPBACK
        if host not in LOOPBACK or not is_allowed:
            raise HTTPException(
                HTTPStatus.FORBIDDEN, "without keys only pages of this machine may call the API"
            )

    def limit_body(self, request: Request) -> Receive:
        """Return a receiver of the request's body that raises 413 when the body is too large."""
        receive, n_bytes = request.receive, 0
        declared = request.headers.get("content-length", "")

        async def receive_limited() -> Message:
            nonlocal n_bytes
            if declared.isdecimal() and int(declared) > self._max_bytes:
                raise self._too_large()
            message = await receive()
            n_bytes += len(message.get("body", b""))
            if n_bytes > self._max_bytes:
                raise self._too_large()
            return message

        return receive_limited

    def _too_large(self) -> HTTPException:
        detail = f"the body is too large: it may have at most {self._max_bytes} bytes"
        return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, {"Connection": "close"})


def allowed_origins(settings: Settings) -> list[str]:
    """Return the origins whose pages may call the API.

    Examples
    --------
    >>> allowed_origins(Settings(api_origins="https://a.example, https://b.example"))
    ['https://a.example', 'https://b.example']
    """
    return [origin.strip() for origin in settings.api_origins.split(",") if origin.strip()]


def _host_of(url: str) -> str | None:
    """Return the host of a URL; None if there is none."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _secret(request: Request) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    return request.headers.get("x-api-key", "").strip()


def _unauthorized() -> HTTPException:
    return HTTPException(HTTPStatus.UNAUTHORIZED, "a valid API key is needed", _CHALLENGE)


def _too_many_requests(wait_s: float) -> HTTPException:
    seconds = ceil(wait_s)
    return HTTPException(
        HTTPStatus.TOO_MANY_REQUESTS,
        f"too many requests: retry in {seconds} s",
        {"Retry-After": str(seconds)},
    )
