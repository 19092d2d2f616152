"""The pages of the contract: whole, ours alone, and working in a browser."""

import hashlib
from pathlib import Path

import pytest

from server.specs.pages import PAGES, STATIC
from tests.api import Api
from tests.browser import a_page
from tests.factories import PASSWORD, Person

VENDORED = ("swagger-ui", "redoc", "asyncapi")
# Something that only stands there once the contract was read and rendered.
RENDERED = {
    "/docs": "document.querySelector('#operations-auth-auth_login')",
    "/redoc": "document.querySelector('[data-section-id$=auth_login]')",
    # Here without its token.
    "/verify": "document.getElementById('said')?.textContent.includes('not complete')",
    "/asyncapi": "document.body?.innerText.includes('ticket_changed')",
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
async def test_a_page_renders_without_a_complaint(web_url: str, tmp_path: Path, path: str) -> None:
    async with a_page(web_url + path, tmp_path) as page:
        await page.until(RENDERED[path])
        assert page.complaints == []
        foreign = [u for u in page.urls if not u.startswith((web_url, "data:", "about:"))]
        assert foreign == []


# Opens an operation, sends its body (none: its example), and tells the status of the answer.
TRY = """
(async () => {
  const block = document.querySelector('#operations-auth-auth_%(operation)s');
  const find = async (selector) => {
    for (;;) {
      const found = block.querySelector(selector);
      if (found) return found;
      await new Promise((go) => setTimeout(go, 50));
    }
  };
  block.querySelector('.opblock-summary-control').click();
  (await find('.try-out__btn')).click();
  const body = '%(body)s';
  if (body) {
    const text = await find('textarea.body-param__text');
    const { set } = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value');
    set.call(text, body);
    text.dispatchEvent(new Event('input', { bubbles: true }));
  }
  (await find('.execute')).click();
  const status = (await find('.live-responses-table .response .response-col_status')).innerText;
  block.querySelector('.btn-clear').click();
  (await find('.try-out__btn')).click();
  block.querySelector('.opblock-summary-control').click();
  return status;
})()
"""


async def test_who_logs_in_on_the_page_is_authorized(
    web_url: str, tmp_path: Path, customer: Person
) -> None:
    login = f'{{"email": "{customer.email}", "password": "{PASSWORD}"}}'
    async with a_page(f"{web_url}/docs", tmp_path) as page:
        await page.until(RENDERED["/docs"])
        steps = [("me", "", "401"), ("login", login, "200"), ("me", "", "200")]
        for operation, body, status in steps:
            told = await page.evaluate(TRY % {"operation": operation, "body": body})
            assert told.startswith(status), operation


async def test_the_bare_address_shows_the_documentation(api: Api) -> None:
    async with api.http.get("/", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, "/docs")
