"""The link in mails."""

from uuid import uuid4

import pytest

from models import User
from tests.api import Answer, Api
from tests.conftest import SECRET, Backend
from tests.factories import Person, database
from wire import unsubscribe


async def call(api: Api, method: str, token: str) -> Answer:
    async with api.http.request(method, "/unsubscribe", params={"token": token}) as response:
        return Answer(response.status, response.headers, await response.read())


def wants_mail(backend: Backend, person: Person) -> bool:
    with database(backend.settings) as session:
        return session.get_one(User, person.id).notify_email


async def test_the_page_asks_and_only_its_button_ends_the_mails(
    api: Api, backend: Backend, customer: Person, stranger: Person
) -> None:
    token = unsubscribe.token(SECRET, customer.id)
    page = await call(api, "GET", token)
    assert page.status == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert wants_mail(backend, customer)
    action = page.body.decode().partition('action="')[2].partition('"')[0]
    async with api.http.post(action) as response:
        assert response.status == 200
    assert not wants_mail(backend, customer)
    assert wants_mail(backend, stranger)
    profile = await api.get("/auth/me", customer)
    assert profile.json["notify_email"] is False


async def test_the_button_of_a_mail_reader_ends_the_mails(
    api: Api, backend: Backend, customer: Person
) -> None:
    link = unsubscribe.link("", SECRET, customer.id)
    async with api.http.post(link, data={"List-Unsubscribe": "One-Click"}) as response:
        assert response.status == 200
    assert not wants_mail(backend, customer)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_forged_link_does_nothing_and_shows_nothing_of_itself(
    api: Api, backend: Backend, customer: Person, stranger: Person, method: str
) -> None:
    good = unsubscribe.token(SECRET, customer.id)
    other = unsubscribe.token(SECRET, stranger.id)
    forged = [
        "",
        "x",
        '"><script>alert(1)</script>',
        good[:-4],
        good + "AAAA",
        other[:20] + good[20:],
        unsubscribe.token("another secret of thirty-two bytes!", customer.id),
        str(customer.id),
        customer.token,
    ]
    for token in forged:
        answer = await call(api, method, token)
        assert answer.status == 400
        assert b"script" not in answer.body
    assert wants_mail(backend, customer)


async def test_a_link_of_an_account_that_is_gone_is_no_error(api: Api) -> None:
    assert (await call(api, "POST", unsubscribe.token(SECRET, uuid4()))).status == 200


def test_a_token_made_with_the_key_before_the_last_change_is_good(customer: Person) -> None:
    token = unsubscribe.token("old", customer.id)
    assert unsubscribe.reader(["new", "old"], token) == customer.id
    assert unsubscribe.reader(["new"], token) is None
