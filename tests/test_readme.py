"""The README does what it says: its tour and its client are run as they are written."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from config import Settings
from tests.cluster.conftest import Cluster
from tests.conftest import ROOT, Backend
from tests.manage.conftest import command, environment

README = (ROOT / "README.md").read_text()
WRITTEN_FOR = "127.0.0.1:8000"
NODE_MODULES = ROOT / "tests/js/node_modules"
PATIENCE = 30.0


def section(title: str) -> str:
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def code(title: str, language: str) -> str:
    """All the blocks of a language in a section, one after the other."""
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", section(title), re.DOTALL))


@pytest.fixture(scope="module")
def host(
    make_backend: Callable[[], Backend], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Host and port of a running product with demo data."""
    backend = make_backend()
    folder = tmp_path_factory.mktemp("readme")
    with ExitStack() as stack:
        cluster = Cluster(backend, folder, stack)
        cluster.start_worker()
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
    """A folder like the project's, with the environment that the tests run in."""
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


def require(what: str, *, is_there: bool) -> None:
    """Skips the test without it, or fails where everything has to be tested."""
    if not is_there:
        assert "REQUIRE_ALL" not in os.environ, f"{what} is needed"
        pytest.skip(f"needs {what}")


def test_the_tour_works_as_it_is_written(host: str, folder: Path) -> None:
    require("curl", is_there=shutil.which("curl") is not None)
    tour = code("Five minutes", "sh").replace(WRITTEN_FOR, host)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", tour],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not done.stderr
    kinds = re.findall(r'"kind": "(\w+)"', done.stdout)
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
    assert "flickers too" in done.stdout.splitlines()[-1]


def test_the_javascript_client_works_as_it_is_written(host: str, folder: Path) -> None:
    require("node", is_there=shutil.which("node") is not None)
    require("tests/js/node_modules", is_there=(NODE_MODULES / "socket.io-client").is_dir())
    (folder / "node_modules").symlink_to(NODE_MODULES)
    client = folder / "desk.mjs"
    client.write_text(code("Twenty lines of JavaScript", "js").replace(WRITTEN_FOR, host))
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
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        lines = said.read_text().splitlines()
        if "posted: true" in lines and any("Hello" in line for line in lines):
            return lines
        time.sleep(0.05)
    raise AssertionError(said.read_text())


def test_every_setting_is_explained() -> None:
    listed = re.findall(r"^\| (`[A-Z_`, ]+`) \|", section("Configuration"), re.MULTILINE)
    names = [name for cell in listed for name in re.findall(r"[A-Z_]+", cell)]
    # The launcher's word that the database is its own is nobody else's to set.
    settings = Settings.model_fields.keys() - {"embedded"}
    assert sorted(names) == sorted(name.upper() for name in settings)


@pytest.mark.parametrize("page", ["README.md", *(ROOT / "docs").rglob("*.md")], ids=str)
def test_links_lead_somewhere(page: str | Path) -> None:
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#:]+)[^):]*\)", path.read_text()):
        assert (path.parent / target).exists(), target
