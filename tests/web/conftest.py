"""The pages, on the application inside the test process, in a browser that the tests share."""

from collections.abc import AsyncIterator, Callable

import pytest
from playwright.async_api import Browser

from tests.browser import Tab, tab_of
from tests.cluster.conftest import start_shared_cluster
from tests.conftest import Backend
from tests.server.conftest import (
    api,
    application,
    browser,
    cheap_hashes,
    csr,
    customer,
    stranger,
    tab,
    web_url,
)

__all__ = (
    "api",
    "application",
    "browser",
    "cheap_hashes",
    "csr",
    "customer",
    "start_shared_cluster",
    "stranger",
    "tab",
    "web_url",
)


@pytest.fixture(scope="session")
def backend(make_backend: Callable[[], Backend]) -> Backend:
    """Of the pages alone: all of the staff are shown what others' tests would share with them."""
    return make_backend()


@pytest.fixture
async def other_tab(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Tab]:
    """One of another browser, as far as cookies and storage go."""
    async with tab_of(browser, request.node) as tab:
        yield tab
