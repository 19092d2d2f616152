"""The state folder (`.data/`): its lock, its secrets, and the note of who is running in it."""

import contextlib
import fcntl
import json
import os
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from embedded.errors import CannotStart

# After a kill -9 the babysitters need a moment to stop what they sit on (processes.ORPHAN_GRACE).
WAIT_FOR_THE_DYING = 15.0
# Whoever looks whether there is a launcher (`launched`) has its lock for a blink.
LOOKING = 0.3
LAUNCHER = "launcher"
NOTE = "embedded.json"


class Folder:
    """One launcher at a time may hold it, by two locks.

    `launcher` is the launcher's alone. `lock` goes to every babysitter too (`hold`), so it is free
    again only when all that was started here is gone, even if the launcher was killed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._locks: list[int] = []

    @property
    def hold(self) -> Sequence[int]:
        return self._locks[1:]

    def lock(self) -> None:
        """Raises `CannotStart` where another launcher has it."""
        if self._locks:
            return
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path.chmod(0o700)
            for name in (LAUNCHER, "lock"):
                self._locks.append(os.open(self.path / name, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            self._unlock()
            raise CannotStart(
                f"Cannot write to {self.path} ({error.strerror}): "
                "run as its owner, or delete it to begin anew"
            ) from None
        try:
            self._take()
        except BaseException:
            self._unlock()
            raise

    def _take(self) -> None:
        launcher, everybody = self._locks
        if not _taken(launcher, LOOKING):
            note = read_note(self.path)
            where = f", {note['url']}" if note.get("url") else ""
            raise CannotStart(f"Already running here (pid {note.get('pid', 'unknown')}){where}")
        if not _taken(everybody, WAIT_FOR_THE_DYING):
            lock = self.path / "lock"
            raise CannotStart(f"What was started here before has not ended: see fuser -v {lock}")

    def unlock(self) -> None:
        if self._locks:
            (self.path / NOTE).unlink(missing_ok=True)
            self._unlock()

    def _unlock(self) -> None:
        for lock in self._locks:
            os.close(lock)
        self._locks.clear()

    def write(self, name: str, text: str) -> Path:
        """Writes a file that only we may read, whole or not at all."""
        path, new = self.path / name, self.path / f"{name}.new"
        new.unlink(missing_ok=True)
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        new.rename(path)
        return path

    def note(self, url: str, environment: dict[str, str]) -> None:
        state = {"pid": os.getpid(), "url": url, "environment": environment}
        self.write(NOTE, json.dumps(state, indent=1))

    def secret(self, name: str) -> str:
        """The secret of that name: made at first, the same ever after."""
        path = self.path / name
        with contextlib.suppress(FileNotFoundError):
            if known := path.read_text().strip():
                return known
        self.write(name, secrets.token_hex(32))
        return path.read_text()


def read_note(path: Path) -> dict[str, Any]:
    """What the launcher wrote down, which may have gone since; empty where there is nothing."""
    try:
        note = json.loads((path / NOTE).read_text())
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def launched(path: Path) -> bool:
    """Whether a launcher has the folder now."""
    try:
        lock = os.open(path / LAUNCHER, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _taken(lock: int, patience: float) -> bool:
    end = time.monotonic() + patience
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
