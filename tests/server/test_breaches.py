"""The file of stolen passwords: looked up by halves, refused where it is none."""

import hashlib
from pathlib import Path

import pytest

from config import Misconfigured
from desk.accounts.passwords import require_own
from desk.errors import Invalid
from server.identity.breaches import BreachList
from server.identity.new_passwords import require_unbreached
from server.identity.user_agents import browser_name

STOLEN = [f"horse battery {n}" for n in range(300)]


def digests(length: int) -> list[str]:
    return sorted(hashlib.sha1(word.encode()).hexdigest().upper()[:length] for word in STOLEN)


@pytest.mark.parametrize("length", [10, 20, 40])
def test_a_stolen_password_is_found_and_no_other(tmp_path: Path, length: int) -> None:
    path = tmp_path / "stolen.txt"
    path.write_text("".join(f"{line}\n" for line in digests(length)))
    breaches = BreachList(path)
    assert all(breaches.holds(word) for word in STOLEN)
    assert not any(breaches.holds(f"another {n}") for n in range(300))
    with pytest.raises(Invalid) as refused:
        require_unbreached(STOLEN[0], "/password", breaches)
    assert (refused.value.code, refused.value.pointer) == ("password_breached", "/password")
    breaches.close()


@pytest.mark.parametrize(
    "content", ["", "\n", "abc\n", "A" * 9 + "\n", "A" * 41 + "\n", "A" * 20, "A" * 20 + "\nAA\n"]
)
def test_a_file_of_another_form_stops_the_start(tmp_path: Path, content: str) -> None:
    path = tmp_path / "stolen.txt"
    path.write_text(content)
    for wrong in (path, tmp_path / "none.txt", tmp_path):
        with pytest.raises(Misconfigured) as stopped:
            BreachList(wrong)
        assert str(stopped.value).startswith("PASSWORD_BREACH_LIST: ")
        assert "\n" not in str(stopped.value)


@pytest.mark.parametrize(
    "password",
    ["Ann-Marie Lee", "annmarielee", "ann.marie", "ann.marie@desk.test", "ANN MARIE 2026",
     "Ticket Desk", "ticketdesk!", "Acme Support", "\uff21nn.marie"],
)  # fmt: skip
def test_nobodys_name_or_address_is_their_password(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        require_own(password, "/p", "ann.marie@desk.test", "Ann-Marie Lee", "Acme Support")
    assert refused.value.code == "password_guessable"


@pytest.mark.parametrize("password", ["correct horse", "ann marie knows", "12345678a", "!!!!!!!!"])
def test_what_only_has_a_part_of_them_is_taken(password: str) -> None:
    require_own(password, "/p", "ann.marie@desk.test", "Ann-Marie Lee", "")


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/141.0 Safari/537.36 Edg/141.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU) Version/26.0 Mobile/15E Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/141.0 Mobile Safari/537.36", "Chrome on Android"),
        ("<b>Firefox/1</b>", "Firefox"),
        ("curl/8.5.0", ""),
        ("x" * 100_000 + "Firefox/1", ""),
    ],
)
def test_a_browser_is_named_by_our_words_alone(user_agent: str, name: str) -> None:
    assert browser_name(user_agent) == name
