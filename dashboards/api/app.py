"""The API: one application, made of its routes and what they stand on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from badbuzz import __version__
from badbuzz.config.brands import read_brands
from badbuzz.config.settings import Settings
from badbuzz.store.database import Store
from dashboards.api.auth import Authenticator, origins
from dashboards.api.broadcast import Broadcast
from dashboards.api.champion_sync import Following
from dashboards.api.metrics import Metrics
from dashboards.api.openapi import describe
from dashboards.api.problems import handle_problems
from dashboards.api.request_log import AccessLogMiddleware
from dashboards.api.routes import (
    alerts,
    brands,
    errors,
    export,
    feedback,
    health,
    models,
    score,
    stream,
)
from dashboards.api.routing import AppState
from dashboards.api.scorers import ScorerPool

_ABOUT: Final = (
    "What people say about brands: what happened, why, since when, and was that right. "
    "Times are Unix milliseconds, periods half-open; errors are problem details (RFC 9457). "
    "Labels are booleans: true is negative."
)
_HEADERS: Final = ("Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "X-API-Key")
_ROUTERS: Final = (
    score.router,
    feedback.reading,
    feedback.writing,
    alerts.reading,
    alerts.writing,
    brands.router,
    errors.router,
    models.router,
    export.router,
    stream.router,
    health.administering,
    health.opened,
)


def new_app() -> FastAPI:
    """The routes alone, with nothing to stand on: enough to describe them."""
    app = FastAPI(
        title="badbuzz",
        version=__version__,
        description=_ABOUT,
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    handle_problems(app)
    for router in _ROUTERS:
        app.include_router(router)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app


def create_app(settings: Settings, store: Store, *, with_keys: bool = True) -> FastAPI:
    """An application that serves a store.

    Parameters
    ----------
    settings
        Limits, origins and bundles.
    store
        Open; whoever opened it closes it.
    with_keys
        False lets anybody on this machine in: for a loopback address alone.

    Raises
    ------
    BrandsError
        When BADBUZZ_BRANDS cannot be read.
    BundleError
        When a bundle cannot be used.
    RegistryError
        When BADBUZZ_MLFLOW_URI is set, and MLflow's client is not installed.
    """
    app, metrics = new_app(), Metrics()
    judging = ScorerPool(settings.bundles)
    app.state.parts = AppState(
        settings=settings,
        watched=read_brands(settings.brands),
        store=store,
        judging=judging,
        following=Following(settings, judging, metrics),
        gate=Authenticator(settings, store, with_keys=with_keys),
        metrics=metrics,
        broadcast=Broadcast(store, metrics),
    )
    if origins(settings):
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins(settings),
            allow_methods=["GET", "POST"],
            allow_headers=_HEADERS,
        )
    app.add_middleware(AccessLogMiddleware, metrics=metrics)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    parts: AppState = app.state.parts
    broadcasting = asyncio.create_task(parts.broadcast.run())
    broadcasting.add_done_callback(parts.broadcast.end)
    following = asyncio.create_task(parts.following.run())
    try:
        yield
    finally:
        parts.broadcast.close()
        broadcasting.cancel()
        following.cancel()
        await asyncio.wait([broadcasting, following])
