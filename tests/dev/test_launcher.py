"""`python -m dev`, what `make run` calls, in a small project of its own."""

import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from embedded.server import free_port
from embedded.servers import Embedded, running
from tests.conftest import SECRET
from tests.dev.conftest import REPOSITORY, Process, Start, read_until, until_gone
from tests.waiting import PATIENCE, block_until

MANAGE = """
import json, pathlib, sys, psycopg
from config import settings
url = settings().migration_database_url or settings().database_url
with psycopg.connect(url.replace("+psycopg", "")) as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS runs (what text)")
    connection.execute("INSERT INTO runs VALUES (%s)", [sys.argv[1]])
    print("runs:", *connection.execute("SELECT count(*) FROM runs").fetchone())
if sys.argv[1] == "demo":
    account = {"role": "admin", "email": "admin@example.com", "password": "demo-password"}
    pathlib.Path(".data/demo.json").write_text(json.dumps([account]))
"""
SERVER = """
import http.server, os
from config import settings
from tests.waiting import PATIENCE, block_until
if os.environ.get("MIGRATION_DATABASE_URL"):
    raise SystemExit("the owner of the tables is no matter of a web process")
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health/ready" else 404)
        self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer((settings().host, settings().port), Ready).serve_forever()
"""
PROCFILE = """
# a comment
release: python -m manage migrate
web: python {project}/server.py
worker: sh -c 'sleep 600 & while :; do sleep 0.2; done' {project}
"""
READY = "Ctrl-C stops everything"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "manage.py").write_text(MANAGE)
    (tmp_path / "server.py").write_text(SERVER)
    (tmp_path / "Procfile").write_text(PROCFILE.format(project=tmp_path))
    return tmp_path


@pytest.fixture
def launch(start: Start, project: Path) -> Callable[..., Process]:
    port = free_port()

    def begin(*command: str, **env: str) -> Process:
        unset = dict.fromkeys(("DATABASE_URL", "REDIS_URL", "JWT_SECRET_KEY", "MAKELEVEL"), "")
        found = {**unset, "HOST": "127.0.0.1", "PORT": str(port), **env}
        return start(command or (sys.executable, "-m", "dev"), cwd=project, env=found)

    return begin


@pytest.fixture
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with Embedded(tmp_path_factory.mktemp("servers"), fast=True) as embedded:
        yield embedded.environment


def readable_by_others(folder: Path) -> list[Path]:
    found = [folder, *folder.rglob("*")]
    return [p for p in found if (p.is_dir() or p.is_file()) and p.stat().st_mode & 0o077]


def refusal(process: Process) -> str:
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert output.count("\n") == 1, output
    return output.strip()


def test_everything_from_nothing_and_nothing_left_behind(
    launch: Callable[..., Process], project: Path
) -> None:
    launcher = launch()
    output = read_until(launcher, READY)
    for words in ("PostgreSQL 18", "Valkey 9", "ready in", "Migrations", "Demo data"):
        assert words in output
    assert "admin  admin@example.com  demo-password" in output
    environment = running(project / ".data") or {}
    secret = (project / ".data" / "jwt_secret").read_text()
    assert environment["JWT_SECRET_KEY"] == secret

    assert readable_by_others(project / ".data") == []

    second = refusal(launch())
    assert second.startswith(f"Already running here (pid {launcher.pid}), http://127.0.0.1:")

    launcher.send_signal(signal.SIGINT)
    rest, _ = launcher.communicate(timeout=PATIENCE)
    assert launcher.returncode == 0
    assert rest.rstrip().endswith("Stopped")
    for words in ("Traceback", secret, environment["DATABASE_URL"], environment["REDIS_URL"]):
        assert words not in output + second + rest
    until_gone(project)
    assert running(project / ".data") is None


def test_nothing_outlives_a_kill_and_the_next_start_has_the_data(
    launch: Callable[..., Process], project: Path
) -> None:
    lines = PROCFILE.format(project=project).replace("sh -c '", 'sh -c \'trap "" TERM; ')
    (project / "Procfile").write_text(lines)
    first = launch()
    read_until(first, READY)
    first.kill()
    second = launch()  # at once, while the first one's processes are dying
    assert "runs: 3" in read_until(second, READY)
    second.kill()
    second.wait()
    until_gone(project)


def test_sigterm_while_it_starts_leaves_nothing(
    launch: Callable[..., Process], project: Path
) -> None:
    (project / "manage.py").write_text("import time; print('slow'); time.sleep(600)")
    launcher = launch()
    read_until(launcher, "slow")
    launcher.send_signal(signal.SIGTERM)
    output, _ = launcher.communicate(timeout=PATIENCE)
    assert (launcher.returncode, output) == (0, "Stopped\n")
    until_gone(project)


def test_a_failing_migration_stops_the_start(launch: Callable[..., Process], project: Path) -> None:
    (project / "manage.py").write_text("raise SystemExit('the schema is newer than the code')")
    output, _ = launch().communicate(timeout=PATIENCE)
    assert output.endswith(
        "the schema is newer than the code\n"
        "Migrations failed with status 1; the lines above say why\n"
    )
    until_gone(project)


def test_a_dead_database_server_is_revived(launch: Callable[..., Process], project: Path) -> None:
    launcher = launch()
    read_until(launcher, READY)
    note = (project / ".data" / "postgres" / "postmaster.pid").read_text()
    os.kill(int(note.split()[0]), signal.SIGKILL)
    read_until(launcher, "PostgreSQL died; it runs again")


def test_a_port_in_use_is_said_before_anything_starts(
    launch: Callable[..., Process], project: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refusal(launch(PORT=str(port)))
    assert line.startswith(f"Port {port} on 127.0.0.1 is in use; stop what uses it or run: PORT=")
    assert not (project / ".data" / "postgres").exists()


@pytest.mark.parametrize(
    ("env", "line"),
    [
        ({"HOST": "0.0.0.0"}, "HOST=0.0.0.0 would let others in"),
        ({"HOST": "192.0.2.1", "DATABASE_URL": "postgresql://x/y"}, "JWT_SECRET_KEY: is not set"),
        ({"PORT": "abc"}, "PORT: "),
        ({"JWT_SECRET_KEY": "short"}, "JWT_SECRET_KEY: is under 32 bytes"),
        ({"REDIS_URL": "memcached://x"}, "REDIS_URL: should look like"),
    ],
)
def test_a_wrong_setting_is_one_line(
    launch: Callable[..., Process], env: dict[str, str], line: str
) -> None:
    assert refusal(launch(**env)).startswith(line)


def test_an_address_of_another_machine_is_refused(
    launch: Callable[..., Process], servers: dict[str, str]
) -> None:
    line = refusal(launch(HOST="192.0.2.1", JWT_SECRET_KEY=SECRET, **servers))
    assert line == "HOST=192.0.2.1 is no address of this machine; use HOST=127.0.0.1"


def test_with_both_urls_nothing_is_embedded_and_no_demo_data_made(
    launch: Callable[..., Process], project: Path, servers: dict[str, str]
) -> None:
    keep = {name: value for name, value in servers.items() if name != "EMBEDDED"}
    (project / ".env").write_text("".join(f"{n}={v}\n" for n, v in keep.items()))
    unset = dict.fromkeys(keep, "")
    launcher = launch(JWT_SECRET_KEY=SECRET, **unset)
    output = read_until(launcher, READY)
    assert "runs: 1" in output
    assert "Demo" not in output
    assert not (project / ".data" / "postgres").exists()
    launcher.terminate()
    assert launcher.communicate(timeout=PATIENCE)[0].endswith("Stopped\n")
    assert launcher.returncode == 0


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_ends_make_ends_everything(
    launch: Callable[..., Process], project: Path, number: int
) -> None:
    shutil.copy(REPOSITORY / "Makefile", project)
    (project / ".venv").symlink_to(sys.prefix)
    made = launch("make", "--old-file=.venv/.ok", "run")
    read_until(made, READY)
    made.send_signal(number)
    made.wait(PATIENCE)
    until_gone(project)
    block_until(lambda: running(project / ".data") is None)


def test_a_broken_procfile_names_its_line(launch: Callable[..., Process], project: Path) -> None:
    (project / "Procfile").write_text("web: true\nworker\n")
    assert refusal(launch()).endswith("Procfile, line 2: should look like `name: command`")
    (project / "Procfile").unlink()
    assert refusal(launch()).startswith("There is no Procfile")


def test_the_note_of_the_launcher_holds_no_more_than_it_should(
    launch: Callable[..., Process], project: Path
) -> None:
    read_until(launch(), READY)
    note = json.loads((project / ".data" / "embedded.json").read_text())
    assert sorted(note) == ["environment", "pid", "url"]
    assert sorted(note["environment"]) == [
        "DATABASE_URL",
        "EMBEDDED",
        "JWT_SECRET_KEY",
        "MIGRATION_DATABASE_URL",
        "REDIS_URL",
    ]
