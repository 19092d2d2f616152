"""One web process's application, inside the test process, on a real port."""

import io
import logging
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
import structlog
from aiohttp import web
from playwright.async_api import Browser

import logs
from config import Settings
from models import Role
from server.app import create_app
from server.identity import passwords
from tests.api import Api
from tests.browser import Tab, a_browser, tab_of
from tests.conftest import Backend
from tests.factories import Person, a_ticket, an_actor, database, people
from tests.server.stage import Cast, Stage


@pytest.fixture(scope="session", autouse=True)
def cheap_hashes() -> Iterator[None]:
    """New passwords are hashed in no time, as in no other place."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "COST", 4)
        yield


@asynccontextmanager
async def serving(
    settings: Settings, kernel_keeps: int | None = None, port: int = 0
) -> AsyncIterator[tuple[web.Application, Api]]:
    """A process's application on a port of its own, or a given one, and a client of it.

    ``kernel_keeps``: the bytes that wait outside of the process, for each connection.
    """
    app = create_app(settings)
    listening = socket.create_server(("127.0.0.1", port))
    if kernel_keeps is not None:  # Those that it accepts inherit it.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, kernel_keeps)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1, handler_cancellation=True)
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        async with Api(f"http://127.0.0.1:{runner.addresses[0][1]}") as api:
            yield app, api
    finally:
        await runner.cleanup()


@pytest.fixture(scope="session")
async def api(backend: Backend) -> AsyncIterator[Api]:
    async with serving(backend.settings) as (_, api):
        yield api


@pytest.fixture(scope="session")
def web_url(api: Api) -> str:
    return api.url


@pytest.fixture
async def application(backend: Backend) -> AsyncIterator[tuple[web.Application, Api]]:
    """A process of the test's own, to look into and to bend. It counts requests."""
    settings = backend.settings.model_copy(update={"rate_limits": "on"})
    async with serving(settings) as served:
        yield served


@pytest.fixture
async def another(backend: Backend) -> AsyncIterator[tuple[web.Application, Api]]:
    """One more process."""
    async with serving(backend.settings) as served:
        yield served


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with a_browser() as browser:
        yield browser


@pytest.fixture
async def tab(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Tab]:
    async with tab_of(browser, request.node) as tab:
        yield tab


@pytest.fixture
def customer(backend: Backend) -> Person:
    return people(backend.settings, Role.USER)[0]


@pytest.fixture
def stranger(backend: Backend) -> Person:
    """Another customer."""
    return people(backend.settings, Role.USER)[0]


@pytest.fixture
def csr(backend: Backend) -> Person:
    return people(backend.settings, Role.CSR)[0]


@pytest.fixture(params=["text", "json"])
def lines(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What a process would have written, at the lowest level that can be set."""
    root, said = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    quiet = {name: logging.getLogger(name).level for name in logs.QUIET}
    monkeypatch.setattr(sys, "stdout", said)
    # Not closed, and not caught: pytest's own handlers come back afterwards.
    root.handlers = []
    logs.configure("DEBUG", request.param)
    yield said
    root.handlers, root.level = before, level
    for name, was in quiet.items():
        logging.getLogger(name).setLevel(was)
    structlog.reset_defaults()


@pytest.fixture
async def stage(backend: Backend) -> AsyncIterator[Stage]:
    stage = Stage(backend.database_url)
    yield stage
    await stage.close()


@pytest.fixture
def cast(backend: Backend) -> Cast:
    with database(backend.settings) as session:
        customer, csr = an_actor(session), an_actor(session, Role.CSR)
        return customer, csr, a_ticket(session, customer).id
