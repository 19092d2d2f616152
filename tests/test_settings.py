"""The settings that there are, and those that are told of: the same, with the same defaults."""

import re
from typing import Any

import pytest

from config import Settings
from tests.conftest import ROOT
from tests.deployment import COMPOSE, OURS, SERVICES, TLS

FIELDS = {name.upper(): field for name, field in Settings.model_fields.items()}
# `make run` tells its children so; it is nobody's to set.
INTERNAL = {"EMBEDDED"}
NAMES = FIELDS.keys() - INTERNAL
# What a default stands for is said in words: what is made, embedded or derived.
IN_WORDS = {"JWT_SECRET_KEY", "DATABASE_URL", "REDIS_URL"}
DEFAULTS = {
    name: str(FIELDS[name].default)
    for name in NAMES - IN_WORDS
    if FIELDS[name].default not in ("", None)
}
# What the services of docker-compose.yml settle among themselves: two processes behind a proxy.
SETTLED = {"WEB_PROCESSES", "HOST", "PORT", "TRUSTED_PROXIES"}
OWNER = "MIGRATION_DATABASE_URL"
# Their own default there, as people reach the proxy.
ELSEWHERE = {"PUBLIC_URL"}
# Passwords of the services, which are no settings of ours.
SERVICE_PASSWORDS = {"DATABASE_PASSWORD", "POSTGRES_PASSWORD", "REDIS_PASSWORD"}

# What a store of objects is reached by, as everywhere.
OF_STORES = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL"}

# How much the tests do.
SIZES_OF_TESTS = {"PLANS_TICKETS", "ASSIGNMENT_STORM"}

README = (ROOT / "README.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
GIVEN = re.compile(r"\$\{([A-Z_]+)(?::-([^}]*)|:\?[^}]*)\}")


def table() -> dict[str, str]:
    """The README's: each name, and the cell with its default."""
    rows = re.findall(r"^\| ((?:`[A-Z_]+`(?:, )?)+) \| ([^|]*) \|", README, re.MULTILINE)
    return {name: default for names, default in rows for name in re.findall(r"[A-Z_]+", names)}


def example() -> dict[str, str]:
    return dict(re.findall(r"^#?([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))


def test_the_table_has_each_setting_and_no_other() -> None:
    assert table().keys() == NAMES


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_the_table_says_the_default(name: str) -> None:
    assert DEFAULTS[name] in table()[name]


def test_the_example_has_each_setting_and_no_other() -> None:
    assert example().keys() == NAMES


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_the_example_shows_the_default(name: str) -> None:
    assert example()[name] == DEFAULTS[name]


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_service_is_given_each_setting_and_no_other(name: str) -> None:
    given: dict[str, Any] = SERVICES[name]["environment"]
    expected = NAMES - SETTLED - {OWNER}
    if name.startswith("web"):
        expected |= SETTLED - {"WEB_PROCESSES"}
    if name == "migrate":
        expected |= {OWNER}
    assert given.keys() == expected


@pytest.mark.parametrize("name", sorted(OURS))
def test_what_a_service_is_given_comes_from_the_setting_of_that_name(name: str) -> None:
    for key, value in SERVICES[name]["environment"].items():
        for asked, default in GIVEN.findall(str(value)):
            if asked not in SERVICE_PASSWORDS:
                assert asked == key
                if key not in ELSEWHERE:
                    assert default == DEFAULTS.get(key, ""), key


def test_all_that_is_asked_for_in_the_environment_exists() -> None:
    asked = {name for name, _ in GIVEN.findall(str(COMPOSE) + str(TLS))}
    assert asked <= NAMES | SERVICE_PASSWORDS | {"DOMAIN"}


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.md")), ids=lambda path: path.name)
def test_a_document_names_no_setting_that_there_is_not(path: Any) -> None:
    named = re.findall(r"`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`", path.read_text())
    assert set(named) <= NAMES | SERVICE_PASSWORDS | SIZES_OF_TESTS | OF_STORES
