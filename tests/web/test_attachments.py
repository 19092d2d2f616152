"""Files in the pages: from one composer into the other's browser, and by a form without scripts."""

import base64
from typing import Any

import aiohttp
from playwright.async_api import Browser, FilePayload, Locator, Page, expect

from tests.api import Api
from tests.browser import Tab, sign_in
from tests.factories import PASSWORD, Person
from tests.pictures import png
from tests.web.checks import check_page
from tests.web.console import a_console

# As a browser makes it of what is dragged from a desktop. Whether the page took it: else the
# browser opens the file in the page's place.
DROP = """([target, name, type, base64]) => {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, { type }));
  const dropped = { dataTransfer: data, bubbles: true, cancelable: true };
  return !target.dispatchEvent(new DragEvent("drop", dropped));
}"""


async def drop(page: Page, target: Locator, name: str, content: bytes) -> None:
    # What takes files comes after the field.
    await expect(page.get_by_role("button", name="Attach files")).to_be_visible()
    picture = base64.b64encode(content).decode()
    assert await page.evaluate(DROP, [await target.element_handle(), name, "image/png", picture])


async def shows(page: Page, name: str, width: int) -> None:
    picture = page.get_by_role("log").get_by_role("img", name=name)
    await expect(picture).to_be_visible()
    await expect(picture).to_have_js_property("naturalWidth", width)


async def test_a_picture_that_is_dropped_is_seen_by_the_other_side(
    browser: Browser, web_url: str, tab: Tab, api: Api, csr: Person, customer: Person
) -> None:
    ticket = await api.a_ticket(customer)
    page = tab.page
    await page.goto(f"{web_url}/tickets/{ticket['number']}?lang=en")
    await sign_in(page, customer.email, PASSWORD)
    await expect(page.get_by_role("status", name="Connection")).to_have_text("Live")
    async with a_console(browser, api, csr, f"/desk/tickets/{ticket['number']}") as console:
        await drop(console.page, console.page.locator("main"), "beside.png", png(30, 20))
        await drop(console.page, console.reply, "plan.png", png(30, 20))
        uploads = console.page.get_by_role("list", name="Files").get_by_role("listitem")
        await expect(uploads).to_have_count(1)
        # One more, chosen by its button, and taken back by the keys.
        async with console.page.expect_file_chooser() as asked:
            await console.page.get_by_role("button", name="Attach files").press("Enter")
        chooser = await asked.value
        await chooser.set_files(FilePayload(name="b.txt", mimeType="text/plain", buffer=b"b"))
        await expect(uploads).to_have_count(2)
        await console.page.get_by_role("button", name="Remove b.txt").press("Enter")
        await expect(uploads).to_have_count(1)
        await expect(console.send).not_to_have_attribute("aria-disabled", "true")
        await console.send.click()
        await shows(console.page, "plan.png", 30)
        await check_page(console.page)
    await shows(page, "plan.png", 30)
    box = page.locator("form.composer")
    await box.locator("input[type=file]").set_input_files(
        FilePayload(name="log & <more>.csv", mimeType="text/csv", buffer=b"a,b\n")
    )
    await expect(box.get_by_role("listitem")).to_have_count(1)
    await expect(box.get_by_role("progressbar")).to_have_count(0)
    await page.get_by_label("Message").fill("Here is the log")
    await page.get_by_role("button", name="Send").click()
    link = page.get_by_role("log").get_by_role("link", name="log & _more_.csv")
    async with page.expect_download() as asked_for:
        await link.click()
    download = await asked_for.value
    assert download.suggested_filename == "log & _more_.csv"
    assert (await download.path()).read_bytes() == b"a,b\n"
    await check_page(page)
    assert tab.complaints == []


async def test_a_form_without_scripts_brings_files(
    api: Api, customer: Person, csr: Person, stranger: Person
) -> None:
    ticket = await api.a_ticket(customer)
    path, cookie = f"/tickets/{ticket['number']}", await cookie_of(api, customer)

    async def post(*files: tuple[str, bytes]) -> aiohttp.ClientResponse:
        form = aiohttp.FormData({"content": "See\r\nthis", "client_id": "one"})
        for name, content in files:
            form.add_field("files", content, filename=name)
        return await api.http.post(path, data=form, headers=cookie, allow_redirects=False)

    assert (await post(("a.png", png()), ("", b""), ("b.svg", b"<svg/>"))).status == 303
    # Pressed twice.
    assert (await post(("a.png", png()), ("b.svg", b"<svg/>"))).status == 303
    messages = (await api.get(f"/tickets/{ticket['id']}/messages", csr)).json
    assert [message["data"]["content"] for message in messages] == ["See\nthis"]
    picture, other = messages[0]["data"]["attachments"]
    html = await (await api.http.get(path, headers=cookie)).text()
    assert f'<img src="/attachments/{picture["id"]}" alt="a.png" width="3" height="2"' in html
    assert f'<a href="/attachments/{other["id"]}">b.svg</a>' in html
    for who, status in ((customer, 200), (csr, 200), (stranger, 404)):
        assert (await fetched(api, who, picture["id"])).status == status
    nobody = await api.http.get(f"/attachments/{picture['id']}")
    assert f'name="next" value="/attachments/{picture["id"]}"' in await nobody.text()
    too_many = [(f"{n}.txt", b"x") for n in range(11)]
    refused = await post(*too_many)
    assert (refused.status, "at most 10 files" in await refused.text()) == (422, True)


async def fetched(api: Api, person: Person, attachment_id: str) -> aiohttp.ClientResponse:
    cookie = await cookie_of(api, person)
    return await api.http.get(f"/attachments/{attachment_id}", headers=cookie)


async def cookie_of(api: Api, person: Person) -> dict[str, Any]:
    return {"Cookie": f"session={person.tokens.refresh_token}"}
