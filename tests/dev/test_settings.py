"""What the launcher checks before anything runs."""

from collections.abc import Iterator

import pytest

from config import Misconfigured, settings
from dev.settings import checked
from tests.conftest import SECRET

OWN = {
    "DATABASE_URL": "postgresql://desk@127.0.0.1:1/desk",
    "REDIS_URL": "redis://127.0.0.1:1",
    "JWT_SECRET_KEY": SECRET,
}


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (*OWN, "EMBEDDED"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CORS_ORIGINS", "*")
    yield
    settings.cache_clear()


def test_any_page_may_be_let_in_where_the_database_will_be_embedded() -> None:
    assert checked(set(OWN)).origins == ["*"]


def test_no_page_of_anybody_is_let_in_to_a_database_of_ones_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in OWN.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured, match=r"^CORS_ORIGINS: "):
        checked(set())


def test_checking_leaves_the_environment_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    checked(set(OWN))
    monkeypatch.setenv("CORS_ORIGINS", "")
    with pytest.raises(Misconfigured, match="DATABASE_URL"):
        settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://desk:SECRETWORD@db/desk"),
        ("REDIS_URL", "http://:SECRETWORD@redis"),
        ("REDIS_URL", "redis://:SECRETWORD\u2100@redis"),
        ("JWT_SECRET_KEY", "SECRETWORD"),
        ("JWT_SECRET_KEY", "SECRETWORD change-me 0123456789012345678901234567890123456789"),
        ("JWT_SECRET_KEY", "SECRETWORD" * 8),
        ("JWT_SECRET_KEY", "S" * 64),
        ("JWT_SECRET_KEY", "SECRT" + "S" * 64),
        ("JWT_PREVIOUS_SECRET_KEY", "SECRETWORD"),
    ],
)
def test_a_wrong_setting_is_named_but_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    for each, good in {**OWN, "CORS_ORIGINS": "", name: value}.items():
        monkeypatch.setenv(each, good)
    with pytest.raises(Misconfigured) as refused:
        checked(set())
    said = str(refused.value)
    assert said.startswith(f"{name}: ")
    assert value not in said
    assert "SECRETWORD" not in said
    assert "\n" not in said
