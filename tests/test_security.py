"""What docs/security.md names as its witnesses is there."""

import re

import pytest

from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "security.md").read_text()
NAMED = set(re.findall(r"`([^`\s]+)`", TEXT))
TESTS = sorted(name for name in NAMED if re.fullmatch(r"(tests/\w+/)?test_\w+", name))
# With a folder before it, or an ending behind.
FILES = sorted(name for name in NAMED if re.fullmatch(r"[\w.-]+/[\w./-]*|\w+\.(py|yml)", name))


@pytest.mark.parametrize("name", TESTS)
def test_a_test_that_is_named_is_there(name: str) -> None:
    path = name if "/" in name else f"tests/server/{name}"
    assert (ROOT / f"{path}.py").is_file()


@pytest.mark.parametrize("name", sorted(set(FILES) - set(TESTS)))
def test_a_file_that_is_named_is_there(name: str) -> None:
    if not name.startswith((".data", "application/")):
        assert (ROOT / name).exists()


def test_there_are_some() -> None:
    assert len(TESTS) > 20
    assert len(FILES) > 20
