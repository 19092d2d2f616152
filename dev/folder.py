"""The state folder (`.data/`): its lock, its secrets, and the note of who is running in it."""

import contextlib
import fcntl
import json
import os
import secrets
import time
from pathlib import Path
from typing import Any

from dev import CannotStart

# After a kill -9 the babysitters need a moment to stop what they sit on (processes.ORPHAN_GRACE).
WAIT_FOR_THE_DYING = 15.0
NOTE = "embedded.json"


class Folder:
    """One launcher at a time may hold it.

    The lock's descriptor goes to every babysitter too (`hold`), so the folder is free again only
    when all that was started in it is gone, even if the launcher was killed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock = -1

    @property
    def hold(self) -> tuple[int, ...]:
        return (self._lock,)

    def lock(self) -> None:
        if self._lock != -1:
            return
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path.chmod(0o700)
            lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise CannotStart(
                f"Cannot write to {self.path} ({error.strerror}): "
                "run as its owner, or delete it to begin anew"
            ) from None
        try:
            self._wait_for(lock)
        except BaseException:
            os.close(lock)
            raise
        self._lock = lock

    def _wait_for(self, lock: int) -> None:
        end = time.monotonic() + WAIT_FOR_THE_DYING
        asked = 0
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            note = read_note(self.path)
            asked += 1
            # Asked more than once: somebody may only be looking whether it is locked.
            if _alive(note.get("pid")) and asked > 3:
                where = f", {note['url']}" if note.get("url") else ""
                raise CannotStart(f"Already running here (pid {note['pid']}){where}")
            if time.monotonic() > end:
                raise CannotStart(
                    f"Something still runs in {self.path}: see `lsof {self.path}/lock`"
                )
            time.sleep(0.1)

    def unlock(self) -> None:
        if self._lock != -1:
            (self.path / NOTE).unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = -1

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


def locked(path: Path) -> bool:
    try:
        lock = os.open(path / "lock", os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _alive(pid: object) -> bool:
    if not isinstance(pid, int):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
