"""The pages, on the application inside the test process, in a browser that the tests share."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from tests.browser import Tab, tab_of
from tests.cluster.conftest import start_shared_cluster
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


@pytest.fixture
async def other_tab(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Tab]:
    """One of another browser, as far as cookies and storage go."""
    async with tab_of(browser, request.node) as tab:
        yield tab
