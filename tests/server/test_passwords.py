"""Passwords: checked off the loop, in a queue that has an end."""

import asyncio
import threading

import pytest

from desk.errors import Busy
from server.identity.passwords import Passwords, hashed, matches
from tests.api import Api
from tests.factories import PASSWORD, Person
from tests.waiting import PATIENCE


def test_nothing_is_cut_at_72_bytes_or_at_nul() -> None:
    stored = hashed("x" * 72 + "a")
    assert matches("x" * 72 + "a", stored)
    assert not matches("x" * 72 + "b", stored)
    assert not matches("x" * 72 + "a\0", stored)


async def test_more_than_the_queue_holds_are_turned_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("server.identity.passwords.LONGEST_QUEUE", 3)
    passwords = Passwords()
    # One runs at once.
    asked = [passwords.matches(PASSWORD, None, "here") for _ in range(6)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    passwords.close()
    assert [type(answer) for answer in answers] == [bool] * 4 + [Busy] * 2


async def test_who_is_turned_away_is_told_when_to_come_back(
    api: Api, customer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.identity.passwords.LONGEST_QUEUE", 0)
    monkeypatch.setattr("server.identity.passwords.THREADS", 0)
    login = {"email": customer.email, "password": PASSWORD}
    answer = await api.post("/auth/login", json=login)
    assert (answer.status, answer.code) == (503, "busy")
    assert answer.headers["Retry-After"] == "1"
    assert (await api.get("/auth/me", customer)).status == 200


async def test_who_asks_for_much_waits_behind_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []

    def check(password: str, _: str | None) -> bool:
        checked.append(password)
        return True

    monkeypatch.setattr("server.identity.passwords.matches", check)
    passwords = Passwords()
    loop = [passwords.matches(f"loop {n}", None, "attacker") for n in range(50)]
    honest = [passwords.matches(f"honest {n}", None, f"address {n}") for n in range(3)]
    assert all(await asyncio.gather(*loop, *honest))
    passwords.close()
    assert max(checked.index(f"honest {n}") for n in range(3)) < 10


async def test_who_asks_for_much_leaves_a_thread_to_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest_was_checked = threading.Event()

    def check(password: str, _: str | None) -> bool:
        return password == "honest" or honest_was_checked.wait(PATIENCE)

    monkeypatch.setattr("server.identity.passwords.matches", check)
    passwords = Passwords()
    loop = [asyncio.create_task(passwords.matches("loop", None, "attacker")) for _ in range(3)]
    await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE):
        assert await passwords.matches("honest", None, "address")
    assert not any(check.done() for check in loop)
    honest_was_checked.set()
    assert all(await asyncio.gather(*loop))
    passwords.close()


async def test_a_full_queue_turns_away_whose_share_is_used_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("server.identity.passwords.LONGEST_QUEUE", 10)
    passwords = Passwords()
    asked = [passwords.matches(PASSWORD, None, "attacker") for _ in range(30)]
    asked.append(passwords.matches(PASSWORD, None, "honest"))
    *theirs, honest = await asyncio.gather(*asked, return_exceptions=True)
    passwords.close()
    assert [type(answer) for answer in theirs].count(Busy) == 19
    assert honest is False


async def test_a_turn_that_nobody_waits_for_any_more_is_passed_on() -> None:
    passwords = Passwords()
    asked = [asyncio.ensure_future(passwords.matches(PASSWORD, None, "x")) for _ in range(6)]
    await asyncio.sleep(0)
    for gone in asked[1:4]:
        gone.cancel()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    passwords.close()
    assert [type(answer) for answer in answers] == [
        bool, *[asyncio.CancelledError] * 3, bool, bool,
    ]  # fmt: skip
