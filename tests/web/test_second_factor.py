"""The second factor and passkeys as people meet them: by forms, in a browser, in the console."""

import re
from html import unescape

import pyotp
from playwright.async_api import Page, expect
from sqlalchemy import update
from yarl import URL

from models import Role, Totp
from tests.api import Api
from tests.browser import Tab, sign_in
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, database, now, people
from tests.server.conftest import serving
from tests.web.checks import violations

PATH = "/account/second_factor"
VIRTUAL = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def half_a_minute_goes_by(backend: Backend) -> None:
    with database(backend.settings) as session:
        session.execute(update(Totp).values(last_step=0))


def code_for(secret: str) -> str:
    return pyotp.TOTP(secret).at(now())


async def post(api: Api, person: Person, status: int, do: str, **fields: str) -> str:
    headers = {
        "Cookie": f"session={person.tokens.refresh_token}",
        "Sec-Fetch-Site": "same-origin",
        "Accept-Language": "en",
    }
    form = {"do": do, **fields}
    async with api.http.post(PATH, data=form, headers=headers, allow_redirects=False) as got:
        assert got.status == status, await got.text()
        return got.headers.get("Location") or unescape(await got.text())


async def test_the_forms_need_no_script(api: Api, backend: Backend) -> None:
    (ann,) = people(backend.settings, Role.USER)
    assert "address or the password is wrong" in await post(
        api, ann, 403, "start", current_password="wrong"
    )
    begun = await post(api, ann, 200, "start", current_password=PASSWORD)
    secret = re.search(r'class="secret">([A-Z2-7]{32})<', begun)
    assert secret
    assert "<svg" in begun
    wrong = await post(api, ann, 422, "confirm", code="000000", secret=secret[1])
    assert "not right" in wrong
    assert f'class="secret">{secret[1]}<' in wrong, "a slip is not the end of it"
    assert "<svg" not in await post(api, ann, 422, "confirm", code="0", secret="<script>")
    done = await post(api, ann, 200, "confirm", code=code_for(secret[1]))
    codes = re.findall(r"<code>([A-Z2-7-]{19})</code>", done)
    assert len(codes) == 10
    half_a_minute_goes_by(backend)
    renewed = await post(api, ann, 200, "renew", code=code_for(secret[1]))
    (first, *_) = re.findall(r"<code>([A-Z2-7-]{19})</code>", renewed)
    assert first not in codes
    assert "not right" in await post(api, ann, 422, "off", current_password=PASSWORD, code="1")
    for stray in ("", "nonsense", "0" * 32):
        assert "no such passkey" in await post(api, ann, 404, "remove", passkey_id=stray)
    await post(api, ann, 400, "nonsense")
    gone = await post(api, ann, 303, "off", current_password=PASSWORD, code=first)
    assert gone == f"{PATH}?done=off"


async def signed_out(page: Page) -> None:
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_an_app_and_a_passkey_are_set_up_and_signed_in_with(
    api: Api, backend: Backend, tab: Tab, customer: Person
) -> None:
    page, desk = tab.page, f"http://localhost:{URL(api.url).port}"
    await page.goto(f"{desk}/account?lang=en")
    await sign_in(page, customer.email, PASSWORD)
    await page.get_by_role("link", name="Set up and change").click()
    await page.get_by_label("Current password").fill(PASSWORD)
    await page.get_by_role("button", name="Set up an app").click()
    secret = await page.locator(".secret").text_content()
    await expect(page.get_by_role("img", name="QR code")).to_be_visible()
    await page.get_by_label("Code", exact=True).fill(code_for(secret or ""))
    await page.get_by_role("button", name="Switch on").click()
    await expect(page.locator("#codes li")).to_have_count(10)
    spare = await page.locator("#codes li").first.text_content()
    async with page.expect_download() as saving:
        await page.get_by_role("button", name="Save as a file").click()
    kept = (await (await saving.value).path()).read_text()
    assert (spare or "").strip() in kept.splitlines()
    assert not await violations(page)
    await page.get_by_role("link", name="I have kept them").click()

    await signed_out(page)
    await sign_in(page, customer.email, PASSWORD)
    await page.get_by_label("Code", exact=True).fill("000000")
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("not right")
    assert not await violations(page)
    await page.get_by_label("Code", exact=True).fill((spare or "").lower())
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.wait_for_url(f"{desk}/tickets")

    await page.goto(f"{desk}{PATH}")
    await expect(page.get_by_label("Name of the new passkey")).to_be_visible()
    assert not await violations(page)
    # From here on, as another session of the browser's tools takes the authenticator with it.
    devices = await page.context.new_cdp_session(page)
    await devices.send("WebAuthn.enable")
    await devices.send("WebAuthn.addVirtualAuthenticator", {"options": VIRTUAL})
    await page.get_by_label("Name of the new passkey").fill("<b>Phone</b>")
    await page.get_by_role("button", name="Add a passkey").click()
    await expect(page.get_by_role("status")).to_contain_text("The passkey is added")
    await expect(page.get_by_role("button", name="Remove: <b>Phone</b>")).to_be_visible()
    await signed_out(page)
    await page.get_by_role("button", name="Sign in with a passkey").click()
    await page.wait_for_url(f"{desk}/tickets")
    await page.goto(f"{desk}{PATH}")
    await page.get_by_role("button", name="Remove: <b>Phone</b>").click()
    await expect(page.get_by_role("status")).to_contain_text("The passkey is removed")
    # Of the wrong code.
    assert [complaint for complaint in tab.complaints if "401" not in complaint] == []


async def test_the_console_leads_to_where_one_is_set_up(backend: Backend, tab: Tab) -> None:
    settings = backend.settings.model_copy(update={"staff_second_factor": "required"})
    (csr,) = people(backend.settings, Role.CSR)
    async with serving(settings) as (_, strict):
        await tab.page.goto(f"{strict.url}/desk?lang=en")
        await sign_in(tab.page, csr.email, PASSWORD)
        await tab.page.wait_for_url(f"{strict.url}{PATH}")
        await expect(tab.page.get_by_role("status")).to_contain_text("asks its staff")
        await expect(tab.page.get_by_role("button", name="Set up an app")).to_be_visible()


async def test_the_console_asks_for_the_code_in_place(
    api: Api, backend: Backend, web_url: str, tab: Tab
) -> None:
    (csr,) = people(backend.settings, Role.CSR)
    begun = await api.post("/auth/totp", csr, json={"current_password": PASSWORD})
    secret = begun.json["secret"]
    confirmed = await api.post("/auth/totp/confirm", csr, json={"code": code_for(secret)})
    assert confirmed.status == 200
    half_a_minute_goes_by(backend)
    page = tab.page
    await page.goto(f"{web_url}/desk?lang=en")
    await sign_in(page, csr.email, PASSWORD)
    code = page.get_by_label("Code", exact=True)
    await expect(code).to_be_focused()
    await code.fill("000000")
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("not right")
    await code.fill(code_for(secret))
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await expect(page.get_by_role("navigation").first).to_be_visible()
