"""Who may ask: keys, scopes, how often, how much.

A request is let in before a byte of its body is read, so that one without a key learns nothing
but that it needs one.
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
from dashboards.api.rate_limits import Limits

CACHE_S: Final = 5.0
"""How long a key is believed without asking the store: a revoked one stops within that."""
_MOST_KEYS: Final = 1000
_ATTEMPTS_A_MINUTE: Final = 600
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="badbuzz"'}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a key's name, and what it may."""

    name: str
    scopes: frozenset[str]


ANYBODY: Final = Caller("anybody", frozenset({"admin"}))
"""Who asks where keys are not asked for: anybody on this machine."""


class Authenticator:
    """Lets callers in, by their keys.

    Parameters
    ----------
    settings
        How often, and how much at once, they may ask.
    store
        Where the keys are.
    with_keys
        False lets anybody in who addresses this machine by a loopback name, so that a page on the
        web cannot (by a name of its own that leads here).
    clock
        Seconds that never go back.
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
        self._origins = origins(settings)
        self._limits = Limits(settings.api_rate)
        self._attempts = Limits(_ATTEMPTS_A_MINUTE)
        self._known: OrderedDict[str, tuple[ApiKey, bytes, float]] = OrderedDict()
        self._asked: dict[str, asyncio.Task[tuple[ApiKey, bytes] | None]] = {}

    async def admit(self, request: Request, scope: str) -> Caller:
        """Say who asks.

        Raises
        ------
        HTTPException
            401 where the key is missing, wrong or revoked; 403 where it may not; 429 where it
            asks too often.
        """
        if not self._with_keys:
            self._check_loopback(request)
            request.scope["badbuzz.caller"] = ANYBODY.name
            return ANYBODY
        caller = await self._caller(request)
        wait_s = self._limits.wait_s(caller.name, self._clock())
        if wait_s:
            raise _too_often(wait_s)
        if not credentials.allows(caller.scopes, scope):
            may = ", ".join(sorted(caller.scopes))
            raise HTTPException(HTTPStatus.FORBIDDEN, f"this key may {may}; that needs {scope}")
        return caller

    async def still_admits(self, request: Request) -> bool:
        """Whether who was let in would be again: a stream outlives what let it begin.

        While the store does not answer, nobody is sent away, as nothing comes.
        """
        try:
            if self._with_keys:
                await self._caller(request)
        except HTTPException:
            return False
        except StoreError:
            return True
        return True

    async def _caller(self, request: Request) -> Caller:
        address = request.client.host if request.client else ""
        secret = _secret(request)
        prefix = credentials.prefix_of(secret)
        if prefix is None:
            raise _unknown()
        found = await self._find(prefix, address)
        if found is not None:
            key, known = found
            if credentials.is_same(known, credentials.digest(secret)) and key.revoked_ms is None:
                request.scope["badbuzz.caller"] = key.name
                return Caller(key.name, key.scopes)
            if wait_s := self._attempts.wait_s(address, self._clock()):
                raise _too_often(wait_s)
        raise _unknown()

    async def _find(self, prefix: str, address: str) -> tuple[ApiKey, bytes] | None:
        """The key of a prefix; who guessed too often asks the store no more.

        Those who ask for one key at once wait for one answer, and each guess is counted before
        the store is asked: however many come at once, they do not use its connections up.
        """
        now_s = self._clock()
        if prefix in self._known:
            key, known, asked_s = self._known[prefix]
            if now_s - asked_s < CACHE_S:
                return key, known
        is_guess = prefix not in self._known and prefix not in self._asked
        if is_guess and (wait_s := self._attempts.wait_s(address, now_s)):
            raise _too_often(wait_s)
        if prefix not in self._asked:
            self._asked[prefix] = asyncio.create_task(self._ask(prefix, now_s))
        found = await asyncio.shield(self._asked[prefix])
        if is_guess and found is not None:
            self._attempts.give_back(address)
        return found

    async def _ask(self, prefix: str, now_s: float) -> tuple[ApiKey, bytes] | None:
        """What the store knows, to be believed for some seconds."""
        try:
            found = await run_in_threadpool(self._store.key, prefix)
        finally:
            del self._asked[prefix]
        self._known.pop(prefix, None)
        if found is not None:
            self._known[prefix] = (*found, now_s)
            if len(self._known) > _MOST_KEYS:
                self._known.popitem(last=False)
        return found

    def _check_loopback(self, request: Request) -> None:
        host = _host_of(f"//{request.headers.get('host', '')}")
        origin = request.headers.get("origin")
        known = origin is None or origin in self._origins or _host_of(origin) in LOOPBACK
        if host not in LOOPBACK or not known:
            raise HTTPException(
                HTTPStatus.FORBIDDEN, "without keys only this machine's own pages may ask"
            )

    def bounded(self, request: Request) -> Receive:
        """What receives a request's body, and refuses it once it is too large: 413."""
        receive, n_bytes = request.receive, 0
        told = request.headers.get("content-length", "")

        async def receive_some() -> Message:
            nonlocal n_bytes
            if told.isdecimal() and int(told) > self._max_bytes:
                raise self._too_large()
            message = await receive()
            n_bytes += len(message.get("body", b""))
            if n_bytes > self._max_bytes:
                raise self._too_large()
            return message

        return receive_some

    def _too_large(self) -> HTTPException:
        detail = f"a body may have {self._max_bytes} bytes"
        return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, {"Connection": "close"})


def origins(settings: Settings) -> list[str]:
    """The origins whose pages may call the API.

    Examples
    --------
    >>> origins(Settings(api_origins="https://a.example, https://b.example"))
    ['https://a.example', 'https://b.example']
    """
    return [one.strip() for one in settings.api_origins.split(",") if one.strip()]


def _host_of(address: str) -> str | None:
    """The host that an address names, if it is one."""
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _secret(request: Request) -> str:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return given.strip()
    return request.headers.get("x-api-key", "").strip()


def _unknown() -> HTTPException:
    return HTTPException(HTTPStatus.UNAUTHORIZED, "a valid API key is needed", _CHALLENGE)


def _too_often(wait_s: float) -> HTTPException:
    seconds = ceil(wait_s)
    return HTTPException(
        HTTPStatus.TOO_MANY_REQUESTS,
        f"asked too often: again in {seconds} s",
        {"Retry-After": str(seconds)},
    )
