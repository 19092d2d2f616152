"""PostgreSQL and Valkey of our own, for development and the tests: nothing to install or set up.

    with Embedded(Path(".data")) as embedded:
        embedded.database_url, embedded.redis_url

They listen on loopback only, on random ports, with a generated password, and are gone a few
seconds after us even if we are killed.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Self

from embedded.folder import Folder, launched, read_note
from embedded.postgres import Postgres
from embedded.server import Server
from embedded.valkey import Valkey

# A context manager around something that takes time.
Step = Callable[[str], AbstractContextManager[None]]


class Embedded:
    """Either server or both, with their state in `root` (0700), which one process at a time holds.

    `fast` trades durability for speed: for tests. `step` is entered around each thing that takes
    time; `url` is where the product will be found, for the message to a second launcher.
    """

    def __init__(
        self,
        root: Path,
        *,
        postgres: bool = True,
        redis: bool = True,
        fast: bool = False,
        url: str = "",
        step: Step = lambda _: nullcontext(),
    ) -> None:
        self.folder = Folder(root)
        self._url, self._step = url, step
        self._postgres = Postgres(self.folder, fast=fast) if postgres else None
        self._valkey = Valkey(self.folder, fast=fast) if redis else None

    @property
    def postgres(self) -> Postgres:
        if self._postgres is None:
            raise RuntimeError("PostgreSQL is not embedded here")
        return self._postgres

    @property
    def valkey(self) -> Valkey:
        if self._valkey is None:
            raise RuntimeError("Valkey is not embedded here")
        return self._valkey

    @property
    def database_url(self) -> str:
        """Of the owner."""
        return self.postgres.url()

    @property
    def redis_url(self) -> str:
        return self.valkey.url()

    @property
    def environment(self) -> dict[str, str]:
        """The settings that lead to the servers."""
        found: dict[str, str] = {}
        if self._postgres is not None:
            found |= {
                "DATABASE_URL": self.postgres.worker_url(),
                "MIGRATION_DATABASE_URL": self.database_url,
                "EMBEDDED": "1",
            }
        if self._valkey is not None:
            found |= {"REDIS_URL": self.redis_url}
        return found

    def lock(self) -> None:
        """Takes the folder before the servers are started. Raises `CannotStart` if it is taken."""
        self.folder.lock()
        self.folder.note(self._url, {})

    def publish(self, **more: str) -> dict[str, str]:
        """Notes the environment, with `more` in it, for `running`. Returns it."""
        environment = {**self.environment, **more}
        self.folder.note(self._url, environment)
        return environment

    def revive(self) -> list[str]:
        """Starts what has died again. Returns the names."""
        dead = [server for server in self._servers if server.died()]
        for server in dead:
            server.start()
        return [server.name for server in dead]

    @property
    def _servers(self) -> list[Server]:
        return [server for server in (self._postgres, self._valkey) if server is not None]

    def __enter__(self) -> Self:
        self.lock()
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        self.publish()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _start(self) -> None:
        if self._postgres is not None:
            version = self._postgres.version
            if self._postgres.is_new:
                with self._step("A new, empty database"):
                    self._postgres.create()
            with self._step(version):
                self._postgres.start()
        if self._valkey is not None:
            with self._step(self._valkey.version):
                self._valkey.start()

    def _stop(self) -> None:
        try:
            for server in reversed(self._servers):  # PostgreSQL last: it holds what counts
                server.stop()
        finally:
            self.folder.unlock()


def running(root: Path) -> dict[str, str] | None:
    """The environment of the launcher that holds the folder now, if there is one with servers."""
    environment = read_note(root).get("environment")
    return environment if environment and launched(root) else None
