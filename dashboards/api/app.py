"""The API as one FastAPI application: its routes, its middleware and its background tasks."""

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
from dashboards.api.auth import Authenticator, allowed_origins
from dashboards.api.broadcast import Broadcast
from dashboards.api.champion_sync import ChampionSync
from dashboards.api.metrics import Metrics
from dashboards.api.openapi import build_document
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
from dashboards.api.time_limit import TimeLimitMiddleware

_DESCRIPTION: Final = (
    "What people say about brands: windows, alerts, their evidence, corrections and rulings. "
    "Times are Unix milliseconds, periods half-open; errors are problem details (RFC 9457). "
    "Labels are booleans: true is negative."
)
_HEADERS: Final = ("Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "X-API-Key")
_ROUTERS: Final = (
    score.router,
    feedback.read_router,
    feedback.write_router,
    alerts.read_router,
    alerts.write_router,
    brands.router,
    errors.router,
    models.router,
    export.router,
    stream.router,
    health.admin_router,
    health.public_router,
)


def new_app() -> FastAPI:
    """Create an application without state, which is enough for its OpenAPI document."""
    app = FastAPI(
        title="badbuzz",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,  # the page would load scripts from another host
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    handle_problems(app)
    for router in _ROUTERS:
        app.include_router(router)
    app.openapi = lambda: build_document(app)  # type: ignore[method-assign]
    return app


def create_app(settings: Settings, store: Store, *, with_keys: bool = True) -> FastAPI:
    """Create an application that serves a store.

    Parameters
    ----------
    settings
        Limits, origins and bundles.
    store
        An open store. The caller closes it.
    with_keys
        False accepts requests without a key. Use it on a loopback address only.

    Raises
    ------
    BrandsError
        When BADBUZZ_BRANDS cannot be read.
    BundleError
        When a bundle cannot be used.
    RegistryError
        When BADBUZZ_MLFLOW_URI is set and MLflow's client is not installed.
    """
    app, metrics = new_app(), Metrics()
    scorers = ScorerPool(settings.bundles)
    app.state.badbuzz = AppState(
        settings=settings,
        brands=read_brands(settings.brands),
        store=store,
        scorers=scorers,
        champion_sync=ChampionSync(settings, scorers, metrics),
        authenticator=Authenticator(settings, store, with_keys=with_keys),
        metrics=metrics,
        broadcast=Broadcast(store, metrics),
    )
    if allowed_origins(settings):
        app.add_middleware(
            CORSMiddleware,
            allow_origins=allowed_origins(settings),
            allow_methods=["GET", "POST"],
            allow_headers=_HEADERS,
        )
    app.add_middleware(TimeLimitMiddleware)
    app.add_middleware(AccessLogMiddleware, metrics=metrics)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state: AppState = app.state.badbuzz
    broadcasting = asyncio.create_task(state.broadcast.run())
    broadcasting.add_done_callback(state.broadcast.on_done)
    syncing = asyncio.create_task(state.champion_sync.run())
    try:
        yield
    finally:
        state.broadcast.close()
        broadcasting.cancel()
        syncing.cancel()
        await asyncio.wait([broadcasting, syncing])
