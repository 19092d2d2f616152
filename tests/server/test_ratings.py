"""Satisfaction over HTTP: by one's session, and by the link in a mail."""

from datetime import timedelta
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from desk.tickets.rating_asks import LIFETIME
from models import Rating
from tests.api import Answer, Api
from tests.conftest import SECRET, Backend
from tests.factories import Person, database, now
from tests.server.conftest import serving
from wire import rating_links, unsubscribe


async def resolved(api: Api, customer: Person, csr: Person) -> UUID:
    ticket = await api.a_ticket(customer)
    changed = await api.patch(f"/csr/tickets/{ticket['id']}", csr, json={"status": "resolved"})
    assert changed.status == 200
    return UUID(ticket["id"])


async def page(api: Api, method: str, token: str, **sent: str) -> Answer:
    query = "?score=4" if method == "GET" else ""
    form = sent if method == "POST" else None
    headers = {"Accept-Language": "en"}
    path = f"{rating_links.PATH}/{token}{query}"
    async with api.http.request(method, path, headers=headers, data=form) as response:
        return Answer(response.status, response.headers, await response.read())


def kept(backend: Backend, ticket_id: UUID) -> tuple[int | None, str | None]:
    with database(backend.settings) as session:
        rating = session.get_one(Rating, ticket_id)
        return rating.score, rating.comment


async def test_a_customer_rates_and_the_timeline_has_it(
    api: Api, customer: Person, csr: Person
) -> None:
    ticket_id = await resolved(api, customer, csr)
    path = f"/users/tickets/{ticket_id}/rating"
    assert (await api.get(path, customer)).json["asked"] is True
    rated = await api.post(path, customer, json={"score": 2, "comment": "Slow,\nbut right"})
    assert (rated.status, rated.json["score"], rated.json["asked"]) == (200, 2, False)
    assert (await api.get(path, customer)).json == rated.json
    for reader in (customer, csr):
        events = (await api.get(f"/tickets/{ticket_id}/timeline", reader)).json
        assert events[-1]["kind"] == "rated"
        assert events[-1]["data"] == {"score": 2, "comment": "Slow,\nbut right"}


async def test_what_is_not_resolved_is_refused(api: Api, customer: Person) -> None:
    ticket = await api.a_ticket(customer)
    path = f"/users/tickets/{ticket['id']}/rating"
    assert (await api.get(path, customer)).json["until"] is None
    assert (await api.post(path, customer, json={"score": 5})).code == "not_resolved"


async def test_a_link_asks_and_only_its_form_stores(
    api: Api, backend: Backend, customer: Person, csr: Person
) -> None:
    ticket_id = await resolved(api, customer, csr)
    token = rating_links.token(SECRET, ticket_id)
    with capture_logs() as logs:
        asked = await page(api, "GET", token)
    assert asked.status == 200
    assert b'value="4" required checked' in asked.body
    assert kept(backend, ticket_id) == (None, None)
    assert not [line for line in logs if token in str(line)]
    stored = await page(api, "POST", token, score="4", comment="  <b>Good</b>\r\nwork ")
    assert b"Thank you" in stored.body
    assert kept(backend, ticket_id) == (4, "<b>Good</b>\nwork")
    again = await page(api, "GET", token)
    assert b"Good" not in again.body  # Who holds the link may be somebody else.


@pytest.mark.parametrize("score", ["", "0", "6", "4.0", "²", "x"])
async def test_a_form_without_a_score_says_so(
    api: Api, backend: Backend, customer: Person, csr: Person, score: str
) -> None:
    ticket_id = await resolved(api, customer, csr)
    token = rating_links.token(SECRET, ticket_id)
    refused = await page(api, "POST", token, score=score, comment="kept")
    assert (refused.status, b"kept" in refused.body) == (422, True)
    assert kept(backend, ticket_id) == (None, None)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_link_that_is_forged_or_over_does_nothing(
    api: Api, backend: Backend, customer: Person, csr: Person, method: str
) -> None:
    ticket_id = await resolved(api, customer, csr)
    good = rating_links.token(SECRET, ticket_id)
    others = [good[:-4], f"{good}AAAA", unsubscribe.token(SECRET, ticket_id), str(ticket_id)]
    for token in others:
        assert (await page(api, method, token, score="1")).status == 404
    with database(backend.settings) as session:
        session.get_one(Rating, ticket_id).expires_at = now() - timedelta(seconds=1)
    assert (await page(api, method, good, score="1")).status == 410
    with database(backend.settings) as session:
        session.get_one(Rating, ticket_id).expires_at = now() + LIFETIME
    await api.patch(f"/csr/tickets/{ticket_id}", csr, json={"status": "open"})
    assert (await page(api, method, good, score="1")).status == 410
    assert kept(backend, ticket_id) == (None, None)


async def test_a_form_of_another_site_is_refused(
    api: Api, backend: Backend, customer: Person, csr: Person
) -> None:
    ticket_id = await resolved(api, customer, csr)
    path = f"{rating_links.PATH}/{rating_links.token(SECRET, ticket_id)}"
    foreign = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    async with api.http.post(path, data={"score": "1"}, headers=foreign) as response:
        assert response.status == 403
    assert kept(backend, ticket_id) == (None, None)


async def test_a_desk_may_ask_for_none(
    api: Api, backend: Backend, customer: Person, csr: Person
) -> None:
    ticket_id = await resolved(api, customer, csr)
    async with serving(backend.settings.model_copy(update={"csat": "off"})) as (_, silent):
        path = f"/users/tickets/{ticket_id}/rating"
        assert (await silent.get(path, customer)).code == "ratings_off"
        assert (await silent.post(path, customer, json={"score": 1})).code == "ratings_off"
        token = rating_links.token(SECRET, ticket_id)
        assert (await page(silent, "GET", token)).status == 410
    assert kept(backend, ticket_id) == (None, None)
