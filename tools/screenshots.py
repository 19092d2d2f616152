"""``make screenshots``: pictures of the pages for README and docs, of a desk that really runs.

A launcher of its own serves demo data on a free port, from a folder that is gone afterwards; two
customers and an agent talk meanwhile, as with ``manage demo --live``.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click
from playwright.async_api import Browser, Page

from embedded.server import free_port
from manage.demo import PASSWORD
from manage.demo_live import talk_forever
from tests.browser import a_browser, sign_in

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "screenshots"
READY = "Ctrl-C stops everything."
AGENT, ADMIN, CUSTOMER = "carla@example.com", "ada@example.com", "alice@example.com"
DESKTOP, PHONE = (1280, 800), (390, 844)


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture: who looks at which page, how large, and what they do before it is taken."""

    name: str
    email: str
    path: str
    size: tuple[int, int] = DESKTOP
    scheme: Literal["light", "dark"] = "light"
    before: Callable[[Page], Awaitable[object]] | None = None


async def _open_first(page: Page) -> None:
    await page.get_by_role("list", name="Tickets").get_by_role("link").first.click()
    await page.get_by_role("log").get_by_role("article").first.wait_for()


async def _first_of_mine(page: Page) -> None:
    await page.get_by_role("list", name="My tickets").get_by_role("link").first.click()
    await page.get_by_role("log", name="Conversation").wait_for()


async def _palette(page: Page) -> None:
    await _open_first(page)
    await page.keyboard.press("Control+k")
    await page.get_by_role("dialog", name="Command palette").wait_for()


SHOTS = (
    Shot("console", AGENT, "/desk/open", before=_open_first),
    Shot("console-dark", AGENT, "/desk/open", scheme="dark", before=_open_first),
    Shot("console-phone", AGENT, "/desk/open", PHONE),
    Shot("palette", AGENT, "/desk/open", before=_palette),
    Shot("customer", CUSTOMER, "/tickets", PHONE),
    Shot("customer-ticket", CUSTOMER, "/tickets", PHONE, before=_first_of_mine),
)


@contextmanager
def running_desk(folder: Path) -> Iterator[str]:
    """A desk with demo data in the folder; yields its address."""
    port = free_port()
    shutil.copy(ROOT / "Procfile", folder)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PORT": str(port), "RATE_LIMITS": "off"}
    environment |= {"PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "dev"]
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if READY in line:
                break
        else:
            raise click.ClickException("the desk did not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate()


@asynccontextmanager
async def _signed_in(browser: Browser, url: str, shot: Shot) -> AsyncIterator[Page]:
    width, height = shot.size
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=shot.scheme,
        device_scale_factor=2 if shot.size is PHONE else 1,
        locale="en-GB",
        base_url=url,
    )
    page = await context.new_page()
    await page.goto("/login?lang=en")
    await sign_in(page, shot.email, PASSWORD)
    await (
        page.get_by_role("button", name="Sign out")
        .or_(page.get_by_role("link", name="Sign out"))
        .first.wait_for(state="attached")
    )
    yield page
    await context.close()


async def take_all(url: str, folder: Path) -> None:
    talk = asyncio.create_task(talk_forever(url, PASSWORD))
    try:
        async with a_browser() as browser:
            for shot in SHOTS:
                async with _signed_in(browser, url, shot) as page:
                    await page.goto(shot.path)
                    await page.get_by_role("link").first.wait_for()
                    if shot.before:
                        await shot.before(page)
                    await page.wait_for_load_state("networkidle")
                    await page.screenshot(path=folder / f"{shot.name}.png")
                    click.echo(f"{shot.name}.png")
    finally:
        talk.cancel()
        await asyncio.gather(talk, return_exceptions=True)


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), default=FOLDER, show_default="docs")
def main(folder: Path) -> None:
    """Take the pictures anew."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, running_desk(Path(temporary)) as url:
        asyncio.run(take_all(url, folder))


if __name__ == "__main__":
    main()
