"""A child process that cannot outlive us, nor what it started."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Self

from processes import babysitter
from processes.babysitter import REAP_SECONDS


class Child:
    """A program under its babysitter, started at once.

    `pid` is the program's own. `wrap` is put before the babysitter's command (`unshare …`);
    `hold` are file descriptors that stay open until the program and all it started are gone, so
    that a lock on one says exactly that. `popen` starts the babysitter.
    """

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        stdout: int | IO[bytes] | None = None,
        stop_signal: int = signal.SIGTERM,
        grace: float = 8.0,
        wrap: Sequence[str] = (),
        hold: Sequence[int] = (),
        popen: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen,
    ) -> None:
        self.grace = grace
        self.lifeline, theirs = socket.socketpair()
        fds = [theirs.fileno(), *hold]
        sitter = (sys.executable, "-I", "-S", babysitter.__file__, ",".join(map(str, fds)))
        with theirs:
            self._sitter = popen(
                [*wrap, *sitter, str(grace), str(int(stop_signal)), *map(str, argv)],
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=None if stdout is None else subprocess.STDOUT,
                pass_fds=fds,
                start_new_session=True,
            )
        self.pid = int(self._first_words() or 0)

    def _first_words(self) -> bytes:
        try:
            return self.lifeline.recv(32)
        except OSError:
            return b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end(at_once=True)

    def gone(self) -> bool:
        return self._sitter.poll() is not None

    def poll(self) -> int | None:
        """None while it runs, then its exit status, 128 + n for signal n."""
        if (status := self._sitter.poll()) is None:
            return None
        if self.lifeline.fileno() != -1:
            self.lifeline.close()
            if status < 0:  # somebody killed the babysitter
                self._kill_group(self.pid)
        return status if status >= 0 else 128 - status

    def wait(self, timeout: float | None = None) -> int:
        """The exit status. Raises `subprocess.TimeoutExpired`."""
        self._sitter.wait(timeout)
        status = self.poll()
        return 0 if status is None else status

    def stop(self, *, at_once: bool = False) -> None:
        """Asks it to stop; what is still there after the grace, or `at_once`, is killed."""
        if not self.gone():
            self._sitter.send_signal(signal.SIGINT if at_once else signal.SIGTERM)

    def end(self, *, at_once: bool = False) -> int:
        """Stops it and waits until it is gone, with all it started."""
        self.stop(at_once=at_once)
        try:
            return self.wait(2 * REAP_SECONDS + (0 if at_once else self.grace))
        except subprocess.TimeoutExpired:  # not even the babysitter answers
            self._kill_group(self.pid)
            self._kill_group(self._sitter.pid)
            return self.wait()

    @staticmethod
    def _kill_group(pid: int) -> None:
        if pid:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
