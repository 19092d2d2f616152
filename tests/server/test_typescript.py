"""The TypeScript declarations of the client."""

from server.specs.typescript import declarations
from tests.conftest import ROOT


def test_the_declarations_are_what_the_tables_say() -> None:
    declared = (ROOT / "client" / "types.d.ts").read_text()
    assert declared == declarations(), "run: make types"
