"""What holds for every page: nobody is shut out of it, in light and dark, and on a phone."""

import json
import os
from functools import cache
from typing import Any

import pytest
from playwright.async_api import CDPSession, Page

from tests.conftest import ROOT

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN = (
    f"axe.run(document, {{runOnly: {json.dumps(RULES)}}}).then((r) => JSON.stringify(r.violations))"
)
PHONE = {"width": 360, "height": 740}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@cache
def axe() -> str:
    if not AXE.is_file():
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail("web/node_modules is missing (npm ci in web), and REQUIRE_ALL is set")
        pytest.skip("web/node_modules is missing (npm ci in web)")
    return AXE.read_text()


async def violations(page: Page) -> list[str]:
    """What axe-core finds, each with the first element that it is about."""
    # The page's policy lets no test evaluate text; the browser's own console may.
    console = await page.context.new_cdp_session(page)
    await _evaluate(console, axe())
    found = json.loads(await _evaluate(console, RUN))
    await console.detach()
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found]


async def _evaluate(console: CDPSession, expression: str) -> Any:
    asked = {"expression": expression, "awaitPromise": True, "returnByValue": True}
    answer = await console.send("Runtime.evaluate", asked)
    assert "exceptionDetails" not in answer, answer
    return answer["result"].get("value")


async def check_page(page: Page) -> None:
    """Fails where somebody is shut out, or has to scroll sideways on a phone."""
    for scheme in ("dark", "light"):
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found = await violations(page)
        assert not found, (scheme, found)
    before = page.viewport_size
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    assert await page.evaluate(OVERFLOW) <= 0
    assert await violations(page) == []
    if before:
        await page.set_viewport_size(before)
