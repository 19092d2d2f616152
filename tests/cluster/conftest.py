"""The product as it runs in production: web processes and workers of their own."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from config import Settings
from embedded.server import free_port
from embedded.servers import Embedded
from processes import Child
from tests import fork_server
from tests.conftest import ROOT, Backend
from tests.waiting import PATIENCE, block_until

CELERY = (sys.executable, "-m", "celery", "-q", "-A", "worker")
QUIET = ("--without-gossip", "--without-mingle")


@dataclass
class Cluster:
    """Web processes on ports of their own, and workers, on one backend.

    ``environment`` overrides what leads to the backend; ``popen`` is for `Child`.
    """

    backend: Backend
    logs: Path
    stack: ExitStack
    environment: Mapping[str, str] = field(default_factory=dict)
    popen: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen
    urls: list[str] = field(default_factory=list)
    webs: list[Child] = field(default_factory=list)
    workers: list[Child] = field(default_factory=list)
    beats: list[Child] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return self.backend.settings

    def start_web(self, port: int | None = None) -> str:
        """Starts a web process, waits until it is ready, and returns its URL."""
        port = port or free_port()
        self.webs.append(self._web(port))
        url = f"http://127.0.0.1:{port}"
        if url not in self.urls:
            self.urls.append(url)
        _wait_until_ready(url)
        return url

    def kill_web(self, number: int) -> None:
        kill(self.webs[number])

    def restart_web(self, number: int) -> None:
        """Kills a web process with SIGKILL, if it lives, and starts it again on its port."""
        kill(self.webs[number])
        self.webs[number] = self._web(int(self.urls[number].rpartition(":")[2]))
        _wait_until_ready(self.urls[number])

    def _web(self, port: int) -> Child:
        return self._start([sys.executable, "-m", "server"], PORT=str(port))

    def restart(self) -> None:
        """Kills every process with SIGKILL, all before the first is started again."""
        workers, beats = len(self.workers), len(self.beats)
        for child in (*self.webs, *self.workers, *self.beats):
            os.kill(child.pid, signal.SIGKILL)
        for child in (*self.workers, *self.beats):
            kill(child)
        self.workers.clear()
        self.beats.clear()
        for _ in range(workers):
            self.start_worker()
        for _ in range(beats):
            self.start_beat()
        for number in range(len(self.webs)):
            self.restart_web(number)

    def start_worker(self, **more: str) -> None:
        """``more``: settings of this worker's own."""
        self.workers.append(self._worker(**more))

    def restart_worker(self, number: int) -> None:
        kill(self.workers[number])
        self.workers[number] = self._worker()

    def _worker(self, **more: str) -> Child:
        queues = ["-Q", "assignment,notifications", "--concurrency", "2"]
        return self._start([*CELERY, "worker", *queues, *QUIET], **more)

    def start_beat(self) -> None:
        self.beats.append(self._start([*CELERY, "beat", "-S", "celery.beat:Scheduler"]))

    def _start(self, argv: list[str], **more: str) -> Child:
        environment = {**self.backend.environment, **self.environment}
        environment |= {"PYTHONPATH": str(ROOT), **more}
        with open(self.logs / f"{time.monotonic_ns()}.log", "wb") as log:
            child = Child(argv, env=environment, stdout=log, popen=self.popen)
        return self.stack.enter_context(child)


def _wait_until_ready(url: str) -> None:
    def is_ready() -> bool:
        try:
            with urllib.request.urlopen(f"{url}/health/ready", timeout=PATIENCE):
                return True
        except (urllib.error.URLError, ConnectionError):
            return False

    block_until(is_ready)


def kill(child: Child) -> None:
    """SIGKILL, and waits until it is gone with all it started."""
    with suppress(ProcessLookupError):
        os.kill(child.pid, signal.SIGKILL)
    child.wait(PATIENCE)


@contextmanager
def clusters(make_backend: Callable[[], Backend], logs: Path) -> Iterator[Callable[..., Cluster]]:
    """A function that starts clusters, which are gone at the end."""
    with ExitStack() as stack:

        def start(
            *,
            webs: int = 1,
            workers: int = 0,
            backend: Backend | None = None,
            environment: Mapping[str, str] | None = None,
        ) -> Cluster:
            cluster = Cluster(
                backend or make_backend(), logs, stack, environment or {}, fork_server.popen
            )
            for _ in range(workers):
                cluster.start_worker()
            for _ in range(webs):
                cluster.start_web()
            return cluster

        yield start


@pytest.fixture
def start_cluster(
    make_backend: Callable[[], Backend], tmp_path: Path
) -> Iterator[Callable[..., Cluster]]:
    """``start_cluster(webs=2, workers=1)`` on an empty backend of its own, or on a given one."""
    with clusters(make_backend, tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def start_shared_cluster(
    make_backend: Callable[[], Backend], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Cluster]]:
    """As `start_cluster`, for the tests of a module together."""
    with clusters(make_backend, tmp_path_factory.mktemp("logs")) as start:
        yield start


@pytest.fixture
def backend_without_redis(make_backend: Callable[[], Backend]) -> Backend:
    return replace(make_backend(), redis_url=f"redis://127.0.0.1:{free_port()}/0")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Embedded]:
    """A broker of our own that can be hurt."""
    with Embedded(tmp_path / "broker", postgres=False, fast=True) as servers:
        yield servers
