"""The documents do what they say: their tours and their clients are run as they are written."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from config import Settings
from embedded.server import free_port
from tests.cluster.conftest import Cluster
from tests.conftest import ROOT, Backend
from tests.documents import (
    LANGUAGES,
    NODE_MODULES,
    PAGES,
    PLAIN,
    WRITTEN_FOR,
    blocks,
    furnish,
    run,
    section,
)
from tests.manage.conftest import command, environment
from tests.waiting import block_until

README = ROOT / "README.md"
TOUR = ROOT / "docs/tour.md"
SHORT, CLIENT = "Five minutes", "Twenty lines of JavaScript"


@pytest.fixture(scope="module")
def host(
    make_backend: Callable[[], Backend], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Host and port of a running product with demo data."""
    backend = make_backend()
    folder = tmp_path_factory.mktemp("readme")
    with ExitStack() as stack:
        cluster = Cluster(backend, folder, stack, {"WEBHOOK_ALLOW_PRIVATE": "on"})
        cluster.start_worker()
        cluster.start_beat()
        subprocess.run(
            command("demo"),
            cwd=folder,
            env=environment({**backend.environment, "EMBEDDED": "1"}),
            check=True,
            stdout=subprocess.DEVNULL,
        )
        yield cluster.start_web().removeprefix("http://")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return furnish(tmp_path)


def require(what: str, *, is_there: bool) -> None:
    """Skips the test without it, or fails where everything has to be tested."""
    if not is_there:
        assert "REQUIRE_ALL" not in os.environ, f"{what} is needed"
        pytest.skip(f"needs {what}")


def require_node() -> None:
    require("node", is_there=shutil.which("node") is not None)
    require("tests/js/node_modules", is_there=(NODE_MODULES / "socket.io-client").is_dir())


def test_five_minutes_work_as_they_are_written(host: str, folder: Path) -> None:
    require("curl", is_there=shutil.which("curl") is not None)
    said = run(section(README, SHORT), folder, {WRITTEN_FOR: host})
    kinds = re.findall(r'"kind": "(\w+)"', said)
    staff, customer = kinds[: len(kinds) // 2 + 1], kinds[len(kinds) // 2 + 1 :]
    assert staff == [
        "ticket_created",
        "assigned",
        "message_posted",
        "note_posted",
        "message_posted",
        "status_changed",
        "priority_changed",
        "tags_changed",
    ]
    assert customer == [kind for kind in staff if kind not in ("note_posted", "tags_changed")]
    assert "flickers too" in said.splitlines()[-1]


def test_the_tour_works_as_it_is_written(host: str, folder: Path) -> None:
    require("curl", is_there=shutil.which("curl") is not None)
    require_node()
    said = run(TOUR.read_text(), folder, {WRITTEN_FOR: host, "9009": str(free_port())})
    expected = (
        '"full_name":"Noa"',
        '"strategy": "round_robin"',
        '"capacity":60',
        "1 ticket_created",
        "message_posted Can I still use it?",
        "message_posted Better not.",
        "Thank you!",
        '"kind": "message_posted"',
        "told of message_posted It has been sent.",
        '"status":204',
        '"status":"resolved"',
        '"code":"version_mismatch"',
        '"snoozed_until":"2',
        '"snoozed_until":null',
        '"score":5',
        '"title":"The kettle leaks"',
        "resolved The kettle leaks",
        "A second kettle",
        '"code":"invalid","errors":[{"pointer":"/',
        '"code":"ticket_not_found"',
        '"code":"csr_required"',
        "Successfully logged out",
    )
    rest = said
    for words in expected:
        before, found, rest = rest.partition(words)
        assert found, f"{words!r} is not in {before}"


def test_the_javascript_client_works_as_it_is_written(host: str, folder: Path) -> None:
    require_node()
    (program,) = blocks(section(README, CLIENT))
    client = folder / "desk.mjs"
    client.write_text(program.text.replace(WRITTEN_FOR, host))
    with open(folder / "said", "w+") as said:
        process = subprocess.Popen(
            ["node", client], cwd=folder, stdout=said, stderr=subprocess.STDOUT
        )
        try:
            lines = until_posted(Path(said.name), process)
        finally:
            process.kill()
            process.wait()
    events = [line.split(maxsplit=2) for line in lines if not line.startswith("posted")]
    assert "posted: true" in lines
    assert [int(number) for number, *_ in events] == list(range(1, len(events) + 1))
    assert events[0][1] == "ticket_created"
    assert events[-1][1:] == ["message_posted", "Hello from JavaScript"]


def until_posted(said: Path, process: "subprocess.Popen[bytes]") -> list[str]:
    def is_posted() -> bool:
        words = said.read_text()
        assert process.poll() is None, words
        return "posted: true" in words.splitlines() and "Hello" in words

    block_until(is_posted)
    return said.read_text().splitlines()


def test_every_setting_is_explained() -> None:
    listed = re.findall(r"^\| (`[A-Z_`, ]+`) \|", section(README, "Configuration"), re.MULTILINE)
    names = [name for cell in listed for name in re.findall(r"[A-Z_]+", cell)]
    # The launcher's word that the database is its own is nobody else's to set.
    settings = Settings.model_fields.keys() - {"embedded"}
    assert sorted(names) == sorted(name.upper() for name in settings)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)[^):]*\)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_block_runs_or_is_plainly_none_to_run(page: Path) -> None:
    found = blocks(page.read_text())
    assert 2 * len(found) == len(re.findall(r"^ *```", page.read_text(), re.MULTILINE))
    ours = {README: [*blocks(section(README, SHORT)), *blocks(section(README, CLIENT))]}
    for block in found:
        assert block.language in LANGUAGES | PLAIN, block.text
        if block.language in LANGUAGES and page != TOUR:
            assert block in ours.get(page, []), block.text


def test_every_document_is_in_the_list_of_documents() -> None:
    for folder in (ROOT / "docs", ROOT / "docs/decisions"):
        listed = (folder / "README.md").read_text()
        for page in folder.glob("*.md"):
            assert page.name == "README.md" or f"({page.name})" in listed, page
