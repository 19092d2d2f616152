"""What the logs say, and what they must not: tokens, passwords, addresses, what people wrote."""

import io
import json
import logging
import re

import pytest
import structlog
from aiohttp import web
from sqlalchemy.orm import Session
from yarl import URL

import logs
from desk.accounts import accounts, key_text
from models import Role, User
from server.services import SERVICES
from tests.api import Api
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, database, numbers, people
from tests.server.raw_http import answer_to
from tests.sockets import Client

SECRET = "SECRETWORD"
TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "request_line",
    [
        f"GET /ws/tickets/x?token={SECRET}\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
        f"GET /ws/tickets/x?token={SECRET}{'a' * 20_000} HTTP/1.1\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization {SECRET}\r\n\r\n",
        f"{SECRET} nonsense\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_not_quoted(
    api: Api, lines: io.StringIO, request_line: str
) -> None:
    assert b" 400 " in await answer_to(api.url, request_line.encode())
    assert SECRET not in lines.getvalue()
    assert "Traceback" not in lines.getvalue()


async def test_no_token_of_a_plain_socket_is_written_however_it_ends(
    application: tuple[web.Application, Api],
    lines: io.StringIO,
    customer: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app, api = application
    ticket_id = (await api.a_ticket(customer))["id"]
    good = f"/ws/tickets/{ticket_id}?token={customer.token}"
    async with api.http.ws_connect(good) as ws:
        await ws.send_json({"content": SECRET})
        await ws.receive()
        await ws.send_str("{" + SECRET)
        await ws.receive()
    async with api.http.ws_connect(good.replace("eyJ", "ey", 1)) as ws:
        await ws.receive()
    async with api.http.get(good) as no_socket:
        assert no_socket.status == 400
    async with api.http.get(good.replace("?", "%3F")) as wrong:
        assert wrong.status == 400

    def fails(*_: object) -> None:
        raise RuntimeError(f"cannot connect with {customer.token}")

    monkeypatch.setattr(app[SERVICES].authenticator, "claims", fails)
    async with api.http.ws_connect(good) as ws:
        await ws.receive()
    said = lines.getvalue()
    assert "request failed" in said
    for token in (customer.token, customer.token.partition(".")[2], SECRET):
        assert token not in said


async def test_a_failure_does_not_write_what_the_statement_was_run_with(
    application: tuple[web.Application, Api],
    lines: io.StringIO,
    csr: Person,
    customer: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, api = application

    def fails(session: Session, *_: object) -> None:
        session.add(User(email=customer.email, full_name=SECRET, password_hash=SECRET))
        session.flush()

    monkeypatch.setattr(accounts, "change_profile", fails)
    answer = await api.patch("/auth/me", csr, json={"full_name": SECRET})
    assert (answer.status, answer.code) == (500, "internal")
    said = lines.getvalue()
    assert "Traceback" in said
    assert "DatabaseFault" in said
    assert "uq_users_email" in said
    assert SECRET not in said
    assert customer.email not in said


async def test_a_day_of_use_leaves_no_secret_in_the_log(
    application: tuple[web.Application, Api], lines: io.StringIO, backend: Backend
) -> None:
    _, api = application
    (admin,) = people(backend.settings, Role.ADMIN)
    email, password = f"{SECRET}{next(numbers)}@desk.test".lower(), f"{SECRET} {SECRET}"
    new = {"email": email, "password": password, "full_name": SECRET}
    assert (await api.post("/auth/signup", json=new)).status == 201
    login = {"email": email, "password": password}
    pair = (await api.post("/auth/login", json=login)).json
    await api.post("/auth/login", json=login | {"password": SECRET})
    await api.post("/auth/login", json=login | {"nonsense": SECRET})
    await api.post("/auth/login", data=b'{"' + SECRET.encode())
    await api.get("/auth/me", JWT)
    refreshed = (
        await api.post("/auth/refresh", json={"refresh_token": pair["refresh_token"]})
    ).json
    token = refreshed["access_token"]
    ticket = {"title": SECRET, "description": SECRET, "category": SECRET, "type": SECRET}
    opened = (await api.post("/users/tickets", token, json=ticket)).json
    await api.get(f"/csr/tickets?q={SECRET}", token)
    await api.get(f"/admin/users?email={email}", admin)
    async with Client(api.url, token) as client:
        await client.join(opened["id"])
        await client.say(opened["id"], SECRET)
        await client.call(SECRET, {"x": SECRET})
        await client.call("join_ticket", {SECRET: SECRET})
    with database(backend.settings) as session:
        user_id = session.query(User.id).filter(User.email == email).scalar()
    await api.patch(f"/admin/users/{user_id}", admin, json={"role": "csr", "full_name": SECRET})
    said = lines.getvalue()
    assert "logged_in" in said
    for secret in (SECRET, email, "eyJ", PASSWORD, pair["access_token"], pair["refresh_token"]):
        assert secret.lower() not in said.lower()


def test_a_token_in_a_line_of_anybody_is_redacted(lines: io.StringIO) -> None:
    logging.getLogger("anybody").error("bad url %s", f"/ws?token={JWT}&x=1")
    try:
        raise ValueError(JWT)
    except ValueError:
        structlog.get_logger("anybody").exception("failed", token=JWT)
    logging.getLogger("anybody").error("bad key %s", key_text.written(bytes(32)))
    assert "[token]" in lines.getvalue()
    assert "eyJ" not in lines.getvalue()
    assert "bad key [key]" in lines.getvalue()


def test_a_traceback_never_shows_variables(lines: io.StringIO) -> None:
    password = SECRET
    try:
        raise ValueError(len(password))
    except ValueError:
        structlog.get_logger("anybody").exception("failed")
    assert SECRET not in lines.getvalue()


async def test_a_long_path_is_cut_before_it_is_logged(api: Api, lines: io.StringIO) -> None:
    await api.get("/" + "x" * 5000)
    assert "x" * 100 in lines.getvalue()
    assert len(lines.getvalue()) < 1000


def test_a_request_s_line_is_as_any_other(lines: io.StringIO) -> None:
    path = f"/x/{JWT}"
    structlog.get_logger(logs.REQUESTS).info("request", method="GET", path=path, status=200, ms=1.2)
    logs.request("GET", path, 200, 1.2)
    usual, by_hand = (_without_time(line) for line in lines.getvalue().splitlines())
    assert by_hand == usual


def _without_time(line: str) -> object:
    if line.startswith("{"):
        said = json.loads(line)
        assert re.fullmatch(TIME, said.pop("timestamp"))
        return said
    return re.sub(f"^{TIME}", "", line)


def test_below_its_level_no_request_has_a_line(lines: io.StringIO) -> None:
    logging.getLogger().setLevel("WARNING")
    logs.request("GET", "/", 200, 1.2)
    assert lines.getvalue() == ""


def test_looking_for_tokens_goes_over_a_line_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []
    hidden = logs._hidden

    def counted(run: re.Match[str]) -> str:
        looked_at.append(len(run[0]))
        return hidden(run)

    monkeypatch.setattr(logs, "_hidden", counted)
    for line in ("eyJ" * 2690, "eyJx." * 1600, "eyJ " * 2000, "a.eyJaaaaa" * 800):
        looked_at.clear()
        logs.redacted(line)
        assert sum(looked_at) <= len(line)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (JWT, "[token]"),
        (f"x{JWT}", "x[token]"),
        (f"a.b.{JWT}", "a.b.[token]"),
        (f"/ws?token={JWT}&x=1", "/ws?token=[token]&x=1"),
        ("eyJust a word. And", "eyJust a word. And"),
        ("nothing", "nothing"),
    ],
)
def test_only_tokens_are_redacted(said: str, shown: str) -> None:
    assert logs.redacted(said) == shown


FORGED = "x\n2026-01-01 [info] [audit] signed_up\r\x1b[31m\x85\u2028\u202e\x7f"


def test_no_control_character_reaches_a_line(lines: io.StringIO) -> None:
    log = structlog.get_logger("anybody")
    logging.getLogger("engineio.server").error(FORGED)
    logging.getLogger("anybody").error("of %s", FORGED)
    log.info(FORGED)
    log.info("said", what=FORGED, many=[FORGED])
    try:
        raise ValueError(FORGED)
    except ValueError:
        log.exception("failed")
    said = lines.getvalue()
    assert "signed_up" in said
    assert all(c.isprintable() or c == "\n" for c in said), said
    assert not [line for line in said.split("\n") if line.startswith("2026-01-01")]


async def test_a_session_id_with_a_line_in_it_forges_none(api: Api, lines: io.StringIO) -> None:
    url = URL("/socket.io/?EIO=4&transport=polling&sid=x%0a[audit]%1b[31m", encoded=True)
    async with api.http.get(url) as answer:
        assert answer.status == 400
    said = lines.getvalue()
    assert not [line for line in said.split("\n") if line.startswith("[audit]")]
    assert "\x1b" not in said
