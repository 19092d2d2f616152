"""What is measured and what it stands on: one PostgreSQL, one Valkey, the product and its peers."""

import os
import shutil
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from bench.machine import Cores, divide, listeners, pinned
from config import Settings
from dev import procfile
from embedded.server import free_port
from embedded.servers import Embedded
from processes import Child
from tests.conftest import ROOT, Backend, migrated

PEERS = ROOT / "bench" / "peers"
PYTHON = str(PEERS / ".venv" / "bin" / "python")
PATIENCE = 90.0
# Twenty web processes have 480 at most.
MOST_CONNECTIONS = 600
US = "us"
READY = "/health/ready"


@dataclass(frozen=True)
class Kind:
    """A server that can be measured: its name, and how it is started on ``PORT``."""

    name: str
    argv: Sequence[str]
    ready: str = READY
    processes: int = 1
    # Sockets that accept connections on the one port.
    listeners: int = 1


def _uvicorn(application: str) -> list[str]:
    options = f'--app-dir {PEERS} --host 127.0.0.1 --port "$PORT" --no-access-log'
    return ["sh", "-c", f"exec {PYTHON} -m uvicorn {options} {application}"]


FASTAPI = Kind("FastAPI", _uvicorn("fastapi_desk:app"))
FASTIFY = Kind("Fastify", ["node", str(PEERS / "node" / "fastify_desk.mjs")])
NODE = Kind("Node socket.io", ["node", str(PEERS / "node" / "desk.mjs")], "/")
NODE_TWICE = Kind(f"{NODE.name}, 2 processes", ["node", str(PEERS / "node" / "desks.mjs")], "/", 2)
SOCKETIO = Kind("python-socketio", _uvicorn("socketio_desk:app"), "/")
FLOOR = Kind("bare aiohttp", [sys.executable, str(PEERS / "floors.py")])
CONSTANT = Kind("constant aiohttp", [*FLOOR.argv, "constant"])


@dataclass(frozen=True)
class Subject:
    """A server that runs now."""

    name: str
    url: str
    pid: int
    started_in: float
    # Where its database is, as psycopg takes it.
    database: str


class House:
    """``source``: the folder of the product's code that is started, another commit's perhaps."""

    def __init__(self, folder: Path, servers: Embedded, cores: Cores, source: Path = ROOT) -> None:
        self.folder, self.servers, self.cores, self.source = folder, servers, cores, source
        self.backend = Backend(migrated(servers.database_url), servers.redis_url)
        self.database = _plain(servers.database_url)
        self.peers = _plain(servers.postgres.url("peers"))
        self._make_peers_database()
        self._programs = procfile.read(source / "Procfile")

    @property
    def settings(self) -> Settings:
        # A group may last longer than tokens do.
        return self.backend.settings.model_copy(update={"access_token_expire_minutes": 1440})

    @property
    def database_pid(self) -> int:
        return self.servers.postgres.pid

    @property
    def pgbench(self) -> str:
        """The program, as it came with the embedded PostgreSQL."""
        return str(self.servers.postgres.binaries / "pgbench")

    @property
    def redis_pid(self) -> int:
        return self.servers.valkey.pid

    def _make_peers_database(self) -> None:
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute("create database peers")
        with psycopg.connect(self.peers) as connection:
            connection.execute((PEERS / "schema.sql").read_text())

    @contextmanager
    def product(self, *, processes: int = 1, log_level: str = "WARNING") -> Iterator[Subject]:
        """Our web process, or several on one port."""
        argv = pinned(self.cores.of(processes), self._programs["web"].argv)
        more = {"WEB_PROCESSES": str(processes), "LOG_LEVEL": log_level, "LOG_FORMAT": "json"}
        environment = {**self._ours(), **more}
        kind = Kind(
            US if processes == 1 else f"{US}, {processes} processes",
            argv,
            READY,
            processes,
            processes,
        )
        with self._started(kind, environment, self.database) as subject:
            yield subject

    @contextmanager
    def worker(self) -> Iterator[None]:
        """Our worker and beat. They are measured, too, and so share the web process's core."""
        with ExitStack() as stack:
            for name in ("worker", "beat"):
                argv = pinned(self.cores.of(1), self._programs[name].argv)
                stack.enter_context(self._child(argv, self._ours(), name))
            yield

    @contextmanager
    def peer(self, kind: Kind) -> Iterator[Subject]:
        environment = {
            "DATABASE_URL": self.peers,
            "REDIS_URL": self.backend.redis_url.rpartition("/")[0] + "/1",
            "JWT_SECRET_KEY": self.settings.jwt_secret_key,
            "PYTHONPATH": str(PEERS),
        }
        placed = replace(kind, argv=pinned(self.cores.of(kind.processes), kind.argv))
        with self._started(placed, environment, self.peers) as subject:
            yield subject

    def _ours(self) -> dict[str, str]:
        # All checks on, as in production.
        bin_folder = str(Path(sys.executable).parent)
        return {
            **self.backend.environment,
            "RATE_LIMITS": "on",
            # The load says where each of its customers comes from.
            "TRUSTED_PROXIES": "127.0.0.1",
            "LOG_LEVEL": "WARNING",
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.source),
            # Nothing is taken from the folder that the bench runs in.
            "PYTHONSAFEPATH": "1",
        }

    @contextmanager
    def _started(
        self, kind: Kind, environment: Mapping[str, str], database: str
    ) -> Iterator[Subject]:
        url = f"http://127.0.0.1:{(port := free_port())}"
        began = time.perf_counter()
        with self._child(kind.argv, {**environment, "PORT": str(port)}, kind.name) as child:
            _wait(lambda: _answers(url + kind.ready), child, url)
            took = time.perf_counter() - began
            # One has answered: sockets that come before the others would all be its own.
            _wait(lambda: listeners(port) >= kind.listeners, child, url)
            yield Subject(kind.name, url, child.pid, took, database)

    def _child(self, argv: Sequence[str], environment: Mapping[str, str], name: str) -> Child:
        with (self.folder / f"{name}.log").open("ab") as log:
            return Child(list(argv), env=environment, stdout=log)


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        return error.code == 404  # It listens, and has nothing to say there.
    except (urllib.error.URLError, ConnectionError):
        return False


def _wait(until: Callable[[], bool], child: Child, url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not until():
        if child.gone() or time.monotonic() > deadline:
            raise SystemExit(f"{url} does not answer")
        time.sleep(0.01)


@contextmanager
def house(source: Path = ROOT) -> Iterator[House]:
    """Embedded servers with their production settings, and nothing that serves yet."""
    cores = divide()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = Embedded(folder / "servers")
        servers.postgres.most_connections = MOST_CONNECTIONS
        stack.enter_context(servers)
        yield House(folder, servers, cores, source)


def require(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            raise SystemExit(f"The bench needs {program}: install it (apt-get install {program})")
