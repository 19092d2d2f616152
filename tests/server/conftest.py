"""One web process's application, inside the test process, on a real port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from config import Settings
from models import Role
from server.app import create_app
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, people


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[str]:
    """A process's application; its URL."""
    runner = web.AppRunner(create_app(settings), access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    await runner.cleanup()


@pytest.fixture(scope="session")
async def web_url(backend: Backend) -> AsyncIterator[str]:
    async with serving(backend.settings) as url:
        yield url


@pytest.fixture(scope="session")
async def api(web_url: str) -> AsyncIterator[Api]:
    async with Api(web_url) as api:
        yield api


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
