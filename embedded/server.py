"""A database server of our own on loopback: started, waited for, stopped, started again."""

import importlib.util
import random
import signal
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from embedded.errors import CannotStart
from embedded.folder import Folder
from processes import Child

START_SECONDS = 60.0
# A predecessor that is still dying may be in the way this long.
PATIENCE = 10.0
STOP_SECONDS = 2.5
LONGEST_LOG = 10 * 1024 * 1024
# Below the ports that systems give to outgoing connections: a client that keeps trying to
# reconnect to a stopped server there could take its port, or even connect to itself.
PORTS = range(20_000, 32_000)


class Server(ABC):
    """`start` and `stop` may follow each other as often as one likes: the port stays the same."""

    name: str
    stop_signal: int = signal.SIGTERM
    in_the_way: tuple[str, ...] = ("Address already in use",)

    def __init__(self, folder: Folder, *, fast: bool) -> None:
        self.folder, self.fast = folder, fast
        self.port = 0
        self.log = folder.path / f"{self.name.lower()}.log"
        self._child: Child | None = None
        self._log_began = 0

    @abstractmethod
    def command(self) -> Sequence[str | Path]: ...

    @abstractmethod
    def answers(self) -> bool:
        """Whether it is ready for its clients. Raises `CannotStart` where it never will be."""

    @property
    def pid(self) -> int:
        """The server's own process; raises `RuntimeError` when it was stopped."""
        if self._child is None:
            raise RuntimeError(f"{self.name} is not running")
        return self._child.pid

    def died(self) -> bool:
        """Whether it is gone without having been stopped."""
        return self._child is not None and self._child.gone()

    def start(self) -> None:
        """Starts it and returns when it answers. Raises `CannotStart` with its own last words."""
        self.stop()
        began = time.monotonic()
        keep_port = self.port != 0
        while True:
            if not keep_port:
                self.port = free_port()
            self._child = self.launch(self.command(), stop_signal=self.stop_signal)
            try:
                if self._answered(self._child, began + START_SECONDS):
                    return
            except BaseException:
                self.stop()
                raise
            self.stop()
            words = self._last_words()
            patient = time.monotonic() < began + PATIENCE
            if not (patient and any(reason in words for reason in self.in_the_way)):
                last = words.strip().splitlines()[-1:] or ["it said nothing"]
                raise CannotStart(f"{self.name} does not start: {last[0]} (more in {self.log})")
            time.sleep(0.2)

    def stop(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None

    def launch(self, argv: Sequence[str | Path], *, stop_signal: int = signal.SIGTERM) -> Child:
        """A child that writes to our log and holds the folder's lock."""
        if self.log.exists() and self.log.stat().st_size > LONGEST_LOG:
            self.log.rename(self.log.with_suffix(".old.log"))
        with self.log.open("ab") as log:
            self._log_began = log.tell()
            return Child(
                argv,
                env={"LC_ALL": "C"},
                stdout=log,
                stop_signal=stop_signal,
                grace=STOP_SECONDS,
                wrap=self.wrap(),
                hold=self.folder.hold,
            )

    def wrap(self) -> Sequence[str]:
        return ()

    def _answered(self, child: Child, deadline: float) -> bool:
        """True once it answers, False if it ends before."""
        while not child.gone():
            if self.answers():
                return True
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"{self.name} does not answer after {START_SECONDS:.0f} s: see {self.log}"
                )
            time.sleep(0.02)
        return False

    def _last_words(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self._log_began)
            return log.read().decode(errors="replace")


def free_port() -> int:
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def carrier(package: str) -> Path:
    """The folder of an installed package that carries binaries. It is not imported."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return Path("/nonexistent")
    return Path(next(iter(spec.submodule_search_locations)))
