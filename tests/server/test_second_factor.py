"""The second step of a log-in and one's own second factor, over HTTP."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any

import pyotp
from aiohttp import web
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

from models import AuditEntry, LoginChallenge, Role, Totp
from tests.api import Answer, Api
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, database, now, people

OURS = {"Sec-Fetch-Site": "same-origin"}
WEB = "/web/session"


@dataclass
class Account:
    """A person with a second factor."""

    person: Person
    secret: str
    recovery: list[str]

    @property
    def code(self) -> str:
        return pyotp.TOTP(self.secret).at(now())


async def switched_on(api: Api, backend: Backend, role: Role = Role.USER) -> Account:
    (person,) = people(backend.settings, role)
    started = await api.post("/auth/totp", person, json={"current_password": PASSWORD})
    assert started.status == 200, started
    secret = started.json["secret"]
    code = {"code": pyotp.TOTP(secret).at(now())}
    confirmed = await api.post("/auth/totp/confirm", person, json=code)
    assert confirmed.status == 200, confirmed
    with database(backend.settings) as session:
        # As if half a minute had gone by.
        session.execute(update(Totp).values(last_step=0))
    return Account(person, secret, confirmed.json["recovery_codes"])


async def log_in(api: Api, person: Person, password: str = PASSWORD) -> Answer:
    return await api.post("/auth/login", json={"email": person.email, "password": password})


async def challenged(api: Api, person: Person) -> str:
    asked = await log_in(api, person)
    assert (asked.status, asked.code) == (401, "second_factor_required")
    challenge: str = asked.json["challenge"]
    return challenge


async def answer(api: Api, challenge: str, code: str) -> Answer:
    sent = {"challenge": challenge, "code": code}
    return await api.post("/auth/login/second_factor", json=sent)


async def test_a_log_in_asks_for_a_code_that_is_good_once(api: Api, backend: Backend) -> None:
    ann = await switched_on(api, backend)
    asked = await log_in(api, ann.person)
    assert "Set-Cookie" not in asked.headers, "a browser is known after the second step alone"
    code = ann.code
    wrong = await answer(api, asked.json["challenge"], "000000")
    assert (wrong.status, wrong.code) == (401, "invalid_code")
    done = await answer(api, asked.json["challenge"], code)
    assert done.status == 200
    assert "device=" in done.headers["Set-Cookie"]
    me = await api.get("/auth/me", done.json["access_token"])
    assert me.json["id"] == str(ann.person.id)
    again = await answer(api, await challenged(api, ann.person), code)
    assert (again.status, again.code) == (401, "invalid_code")
    over = await answer(api, asked.json["challenge"], ann.recovery[0])
    assert (over.status, over.code) == (401, "challenge_over")
    spare = await answer(api, await challenged(api, ann.person), ann.recovery[0])
    assert spare.status == 200


async def test_what_is_shown_of_a_secret(api: Api, customer: Person) -> None:
    sent = {"current_password": PASSWORD}
    shown = (await api.post("/auth/totp", customer, json=sent)).json
    assert shown["secret"] in shown["uri"]
    assert re.fullmatch(r"<svg [^>]*>.*</svg>", shown["svg"])
    assert not re.search(r"style|class|script|<\?xml", shown["svg"])
    wrong = await api.post("/auth/totp", customer, json={"current_password": "wrong"})
    assert (wrong.status, wrong.code) == (403, "invalid_credentials")


async def test_the_console_and_the_form_ask_for_it_too(api: Api, backend: Backend) -> None:
    ann = await switched_on(api, backend, Role.CSR)
    login = {"email": ann.person.email, "password": PASSWORD}
    async with api.http.post(WEB, json=login, headers=OURS) as got:
        assert (got.status, got.cookies.get("session")) == (401, None)
        asked = await got.json()
    sent = {"challenge": asked["challenge"], "code": ann.code}
    async with api.http.post(f"{WEB}/second_factor", json=sent, headers=OURS) as got:
        assert got.status == 200
        assert {"session", "device"} <= got.cookies.keys()
    foreign = {"Sec-Fetch-Site": "cross-site"}
    async with api.http.post(f"{WEB}/second_factor", json=sent, headers=foreign) as got:
        assert got.status == 403
    async with api.http.post("/login", data=login | {"next": "/account"}, headers=OURS) as got:
        page = await got.text()
        assert "session" not in got.cookies
    hidden = re.search(r'name="challenge" value="([\w-]+)"', page)
    assert hidden
    form = {"challenge": hidden[1], "code": "1", "next": "/account"}
    path = "/login/second_factor"
    async with api.http.post(path, data=form, headers=OURS) as got:
        assert (got.status, hidden[1] in await got.text()) == (401, True)
    form["code"] = ann.recovery[0]
    async with api.http.post(path, data=form, headers=OURS, allow_redirects=False) as got:
        assert (got.status, got.headers["Location"]) == (303, "/account")
        assert "session" in got.cookies
    async with api.http.post(path, data=form, headers=OURS) as got:
        assert (got.status, 'action="/login"' in await got.text()) == (401, True)


async def test_of_one_code_at_once_on_two_processes_one_is_taken(
    api: Api, another: tuple[web.Application, Api], backend: Backend
) -> None:
    ann = await switched_on(api, backend)
    asked = [await challenged(api, ann.person) for _ in range(4)]
    code = ann.code
    doors = [api, another[1]] * 2
    pairs = zip(doors, asked, strict=True)
    answers = await asyncio.gather(*(answer(door, one, code) for door, one in pairs))
    assert sorted(answer.status for answer in answers) == [200, 401, 401, 401]


async def test_it_goes_with_the_password_and_a_code(api: Api, backend: Backend) -> None:
    ann = await switched_on(api, backend)
    renewed = await api.post(
        "/auth/totp/recovery_codes", ann.person, json={"code": ann.recovery[0]}
    )
    assert (renewed.status, renewed.code) == (422, "invalid_code")
    for sent, told in (
        ({"current_password": "wrong", "code": ann.code}, (403, "invalid_credentials")),
        ({"current_password": PASSWORD, "code": "000000"}, (422, "invalid_code")),
    ):
        refused = await api.call("DELETE", "/auth/totp", ann.person, json=sent)
        assert (refused.status, refused.code) == told
    sent = {"current_password": PASSWORD, "code": ann.recovery[1]}
    assert (await api.call("DELETE", "/auth/totp", ann.person, json=sent)).status == 204
    assert (await log_in(api, ann.person)).status == 200


async def test_an_admin_takes_it_away(api: Api, backend: Backend) -> None:
    ann = await switched_on(api, backend)
    (admin,) = people(backend.settings, Role.ADMIN)
    path = f"/admin/users/{ann.person.id}/factors"
    assert (await api.call("DELETE", path, admin)).status == 204
    assert (await api.get("/auth/me", ann.person)).status == 401
    assert (await log_in(api, ann.person)).status == 200
    own = await api.call("DELETE", f"/admin/users/{admin.id}/factors", admin)
    assert (own.status, own.code) == (409, "own_factors")


async def test_nothing_of_it_is_logged_and_what_happened_is_in_the_audit(
    api: Api, backend: Backend
) -> None:
    with capture_logs() as logged:
        ann = await switched_on(api, backend)
        challenge, code = await challenged(api, ann.person), ann.code
        await answer(api, challenge, "000000")
        await answer(api, challenge, code)
    secrets = {ann.secret, challenge, code, *ann.recovery, ann.person.email}
    assert not [line for line in logged if any(one in str(line) for one in secrets)]
    with database(backend.settings) as session:
        query = select(AuditEntry.action, AuditEntry.data).where(
            AuditEntry.subject_id == str(ann.person.id)
        )
        told: list[Any] = [(*row,) for row in session.execute(query.order_by(AuditEntry.id))]
    # The first is the session that it was set up with.
    assert [action for action, _ in told] == [
        *("logged_in", "second_factor_added", "code_failed", "logged_in")
    ]
    assert told[-1][1]["signed_in_by"] == "totp"
    assert not any(one in str(told) for one in secrets)


async def test_a_wrong_password_gets_no_challenge(api: Api, backend: Backend) -> None:
    ann = await switched_on(api, backend)
    refused = await log_in(api, ann.person, "wrong")
    assert (refused.status, refused.code) == (401, "invalid_credentials")
    assert "challenge" not in refused.json
    with database(backend.settings) as session:
        of_ann = LoginChallenge.user_id == ann.person.id
        assert session.scalar(select(func.count()).where(of_ann)) == 0


async def test_ten_wrong_codes_are_counted_whatever_the_address(
    application: tuple[web.Application, Api], backend: Backend
) -> None:
    """By the account's row alone: also where nothing else is counted."""
    _, api = application
    ann = await switched_on(api, backend)
    for _ in range(2):
        challenge = await challenged(api, ann.person)
        for _ in range(5):
            assert (await answer(api, challenge, "000000")).code == "invalid_code"
    refused = await answer(api, await challenged(api, ann.person), ann.code)
    assert (refused.status, refused.code) == (429, "rate_limited")
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
