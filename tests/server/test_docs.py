"""The pages of the contract: whole, ours alone, and working in a browser."""

import hashlib

import pytest
from playwright.async_api import expect

from server.specs.pages import PAGES, STATIC
from tests.api import Api
from tests.browser import Tab
from tests.factories import PASSWORD, Person

VENDORED = ("swagger-ui", "redoc", "asyncapi")
# Something that only stands there once the contract was read and rendered.
RENDERED = {
    "/docs": "#operations-auth-auth_login",
    "/redoc": "[data-section-id$=auth_login]",
    # Here without its token.
    "/verify": "#said:has-text('not complete')",
    "/asyncapi": "body:has-text('ticket_changed')",
}


@pytest.mark.parametrize("name", VENDORED)
def test_what_is_vendored_is_as_its_package_has_it(name: str) -> None:
    folder = STATIC / name
    listed = dict(line.split()[::-1] for line in (folder / "SHA256SUMS").read_text().splitlines())
    present = {path.name for path in folder.iterdir()} - {"SHA256SUMS"}
    assert present == listed.keys()
    assert {"LICENSE", "VERSION"} <= present
    for file, digest in listed.items():
        assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_names_no_other_host_and_has_no_script_in_it(api: Api, path: str) -> None:
    async with api.http.get(path) as answer:
        assert answer.status == 200
        html, policy = await answer.text(), answer.headers["Content-Security-Policy"]
    assert "//" not in html
    assert "<script>" not in html
    assert "//" not in policy
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/pages/"])
async def test_nothing_but_the_files_is_served(api: Api, path: str) -> None:
    async with api.http.get(path) as answer:
        assert answer.status in {403, 404}


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_renders_without_a_complaint(web_url: str, tab: Tab, path: str) -> None:
    await tab.page.goto(web_url + path)
    await expect(tab.page.locator(RENDERED[path]).first).to_be_visible()
    assert tab.complaints == []
    assert [u for u in tab.urls if not u.startswith((web_url, "data:", "about:"))] == []


async def test_the_token_of_a_link_leaves_the_address_bar(web_url: str, tab: Tab) -> None:
    await tab.page.goto(f"{web_url}/verify#token=x")
    await expect(tab.page).to_have_url(f"{web_url}/verify")
    await tab.page.click("#confirm")
    await expect(tab.page.locator("#said")).to_contain_text("used before")


async def test_who_logs_in_on_the_page_is_authorized(
    web_url: str, tab: Tab, customer: Person
) -> None:
    login = f'{{"email": "{customer.email}", "password": "{PASSWORD}"}}'
    # Of that many operations, the page has those in sight alone.
    await tab.page.set_viewport_size({"width": 1280, "height": 3_000})
    await tab.page.goto(f"{web_url}/docs")
    for operation, body, status in (("me", "", "401"), ("login", login, "200"), ("me", "", "200")):
        block = tab.page.locator(f"#operations-auth-auth_{operation}")
        await block.locator(".opblock-summary-control").click()
        await block.locator(".try-out__btn").click()
        if body:
            await block.locator("textarea.body-param__text").fill(body)
        await block.locator(".execute").click()
        answer = block.locator(".live-responses-table .response .response-col_status")
        await expect(answer).to_contain_text(status)
        await block.locator(".btn-clear").click()
        await block.locator(".try-out__btn.cancel").click()
        await block.locator(".opblock-summary-control").click()


@pytest.mark.parametrize("path", ["/asyncapi", "/docs", "/redoc"])
async def test_the_documentation_leads_on_and_is_dark_in_the_dark(
    web_url: str, tab: Tab, path: str
) -> None:
    await tab.page.emulate_media(color_scheme="dark")
    await tab.page.goto(web_url + path)
    await expect(tab.page.locator(RENDERED[path]).first).to_be_visible()
    links = tab.page.locator("footer").get_by_role("link")
    await expect(links).to_have_text(
        ["REST, to try out", "REST, to read", "Live events", "Sign in"]
    )
    shown = "(name, of) => getComputedStyle(document.querySelector(name), of)"
    if path == "/docs":
        assert await tab.page.evaluate("document.documentElement.className") == "dark-mode"
    if path == "/redoc":
        assert await tab.page.evaluate(f"({shown})('h1').color") == "rgb(230, 233, 238)"
    if path == "/asyncapi":
        assert "invert" in await tab.page.evaluate(f"({shown})('html').filter")
        assert "`" not in await tab.page.locator("#page").inner_text()
        for quote in ("::before", "::after"):
            said = await tab.page.evaluate(f"({shown})('#page code', '{quote}').content")
            assert said == "none"
