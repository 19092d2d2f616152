"""Passwords: checked off the loop, in a queue that has an end."""

import asyncio

import pytest

from desk.errors import Busy
from server.passwords import Passwords, hashed, matches
from tests.api import Api
from tests.factories import PASSWORD, Person


def test_nothing_is_cut_at_72_bytes_or_at_nul() -> None:
    stored = hashed("x" * 72 + "a")
    assert matches("x" * 72 + "a", stored)
    assert not matches("x" * 72 + "b", stored)
    assert not matches("x" * 72 + "a\0", stored)


async def test_more_than_the_queue_holds_are_turned_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("server.passwords.LONGEST_QUEUE", 3)
    passwords = Passwords()
    asked = [passwords.matches(PASSWORD, None) for _ in range(5)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    passwords.close()
    assert [type(answer) for answer in answers] == [bool] * 3 + [Busy] * 2


async def test_who_is_turned_away_is_told_when_to_come_back(
    api: Api, customer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.passwords.LONGEST_QUEUE", 0)
    login = {"email": customer.email, "password": PASSWORD}
    answer = await api.post("/auth/login", json=login)
    assert (answer.status, answer.code) == (503, "busy")
    assert answer.headers["Retry-After"] == "1"
    assert (await api.get("/auth/me", customer)).status == 200
