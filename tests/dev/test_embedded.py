"""The embedded servers: started, killed, started again, by root and by an ordinary user."""

import importlib.util
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from embedded.errors import CannotStart
from embedded.servers import Embedded, running
from tests.dev.conftest import REPOSITORY, Start, processes_with, python, read_until, until_gone

HOLDER = """
import sys, time
from pathlib import Path
from embedded.servers import Embedded
with Embedded(Path(sys.argv[1])) as embedded:
    print("up", embedded.database_url, embedded.redis_url, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Embedded]:
    with Embedded(tmp_path / "state", fast=True) as found:
        yield found


def ask(embedded: Embedded, query: str) -> list[tuple[object, ...]]:
    url = embedded.database_url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


def valkey(embedded: Embedded) -> redis.Redis:
    return redis.Redis.from_url(embedded.redis_url, decode_responses=True)


def test_both_answer_and_are_noted_while_they_run(tmp_path: Path) -> None:
    root = tmp_path / "with space"
    assert running(root) is None
    with Embedded(root, fast=True) as embedded:
        assert ask(embedded, "SHOW server_version")[0][0] >= "18"  # type: ignore[operator]
        with valkey(embedded) as client:
            assert client.ping()
        assert running(root) == embedded.environment
        assert embedded.publish(JWT_SECRET_KEY="x")["JWT_SECRET_KEY"] == "x"
        assert (running(root) or {})["MIGRATION_DATABASE_URL"] == embedded.database_url
    assert running(root) is None
    assert not processes_with(root)


def test_nobody_else_can_read_the_state_or_reach_the_servers(embedded: Embedded) -> None:
    root = embedded.folder.path
    assert stat.S_IMODE(root.stat().st_mode) == 0o700
    for secret in ("embedded.json", "password", "valkey.conf"):
        assert stat.S_IMODE((root / secret).stat().st_mode) == 0o600
    assert ask(embedded, "SHOW listen_addresses") == [("127.0.0.1",)]
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(
            host="127.0.0.1", port=embedded.postgres.port, user="desk", password="guess"
        )
    with (
        redis.Redis(port=embedded.valkey.port) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_the_product_gets_a_role_that_owns_nothing(tmp_path: Path) -> None:
    refused = psycopg.errors.InsufficientPrivilege
    for _ in range(2):  # As it is made, and as it is found.
        with Embedded(tmp_path, redis=False, fast=True) as embedded:
            url = embedded.environment["DATABASE_URL"].replace("+psycopg", "")
            with psycopg.connect(url, autocommit=True) as connection:
                assert connection.execute("SHOW is_superuser").fetchone() == ("off",)
                for forbidden in ("CREATE TABLE mine ()", "CREATE DATABASE mine"):
                    with pytest.raises(refused):
                        connection.execute(forbidden)
        (tmp_path / "worker_password").unlink()


def test_either_runs_alone(tmp_path: Path) -> None:
    with Embedded(tmp_path, postgres=False, fast=True) as alone:
        assert list(alone.environment) == ["REDIS_URL"]
        with pytest.raises(RuntimeError, match="PostgreSQL is not embedded"):
            _ = alone.database_url
    with Embedded(tmp_path, redis=False, fast=True) as alone:
        assert sorted(alone.environment) == [
            "DATABASE_URL",
            "EMBEDDED",
            "MIGRATION_DATABASE_URL",
        ]
        with pytest.raises(RuntimeError, match="Valkey is not embedded"):
            _ = alone.redis_url


def test_each_stops_and_starts_again_on_its_port(tmp_path: Path) -> None:
    with Embedded(tmp_path) as embedded:
        ask(embedded, "CREATE TABLE kept ()")
        with valkey(embedded) as client:
            client.set("kept", "yes")
        urls, pids = embedded.environment, {embedded.postgres.pid, embedded.valkey.pid}
        for server in (embedded.valkey, embedded.postgres):
            server.stop()
            with pytest.raises(ConnectionRefusedError), socket.socket() as probe:
                probe.connect(("127.0.0.1", server.port))
            with pytest.raises(RuntimeError, match="not running"):
                _ = server.pid
            server.start()
        assert embedded.environment == urls
        assert not pids & {embedded.postgres.pid, embedded.valkey.pid}
        assert ask(embedded, "SELECT FROM kept") == []
        with valkey(embedded) as client:
            assert client.get("kept") == "yes"


def test_what_was_killed_is_revived(embedded: Embedded) -> None:
    assert embedded.revive() == []
    for server in (embedded.postgres, embedded.valkey):
        os.kill(server.pid, signal.SIGKILL)
        while not server.died():
            pass
        assert embedded.revive() == [server.name]
    assert ask(embedded, "SELECT 1") == [(1,)]


def test_a_second_holder_is_refused_without_a_secret(embedded: Embedded) -> None:
    with pytest.raises(CannotStart) as refused:
        Embedded(embedded.folder.path).lock()
    assert str(refused.value) == f"Already running here (pid {os.getpid()})"


def test_nothing_outlives_a_holder_that_is_killed_and_the_next_has_its_data(
    start: Start, tmp_path: Path
) -> None:
    holder = start([*python(HOLDER), tmp_path])
    database, valkey_url = read_until(holder, "up").split()[1:]
    with psycopg.connect(database.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    with redis.Redis.from_url(valkey_url) as client:
        client.set("kept", "yes")
    holder.kill()
    with Embedded(tmp_path) as embedded:  # at once: it has to wait for the dying
        holder.wait()
        assert ask(embedded, "SELECT n FROM kept") == [(1,)]
        with valkey(embedded) as found:
            assert found.get("kept") == "yes"
    again = start([*python(HOLDER), tmp_path])
    read_until(again, "up")
    again.kill()
    again.wait()
    until_gone(tmp_path)
    assert running(tmp_path) is None


def test_a_data_directory_that_was_half_made_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "postgres.new" / "base").mkdir(parents=True)
    with Embedded(tmp_path, redis=False, fast=True) as embedded:
        assert ask(embedded, "SELECT 1") == [(1,)]


def test_a_stranger_with_the_number_of_a_dead_postmaster_is_no_obstacle(tmp_path: Path) -> None:
    with Embedded(tmp_path, redis=False, fast=True):
        note = (tmp_path / "postgres" / "postmaster.pid").read_text()
    stranger = f"{os.getppid()}\n" + note.partition("\n")[2]
    (tmp_path / "postgres" / "postmaster.pid").write_text(stranger)
    with Embedded(tmp_path, redis=False, fast=True) as embedded:
        assert ask(embedded, "SELECT 1") == [(1,)]


def test_a_lost_password_is_said_in_one_line(tmp_path: Path) -> None:
    with Embedded(tmp_path, redis=False, fast=True):
        pass
    (tmp_path / "password").unlink()
    with pytest.raises(CannotStart, match="another password") as refused:
        Embedded(tmp_path, redis=False, fast=True).__enter__()
    assert "\n" not in str(refused.value)
    assert not processes_with(tmp_path)


def test_a_server_that_cannot_start_says_its_last_words(tmp_path: Path) -> None:
    with Embedded(tmp_path, redis=False, fast=True):
        pass
    (tmp_path / "postgres" / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(CannotStart, match=r"PostgreSQL does not start: .*more in .*\.log"):
        Embedded(tmp_path, redis=False, fast=True).__enter__()


def test_a_platform_without_the_wheels_is_told_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(CannotStart, match="set DATABASE_URL"):
        Embedded(tmp_path, redis=False).__enter__()
    with pytest.raises(CannotStart, match="set REDIS_URL"):
        Embedded(tmp_path, postgres=False).__enter__()


def test_root_without_user_namespaces_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))  # no `unshare`
    with pytest.raises(CannotStart, match="cannot run as root on this machine"):
        Embedded(tmp_path, redis=False).__enter__()


def as_nobody() -> list[str] | None:
    """A command that makes an ordinary user of root, one who can still read this Python."""
    plain = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    for reading in ("", "+dac_read_search", "+dac_override"):
        rights = [f"--inh-caps={reading}", f"--ambient-caps={reading}"] if reading else []
        command = [*plain, *rights]
        tried = [*command, sys.executable, "-c", "import psycopg, redis"]
        if subprocess.run(tried, capture_output=True, cwd=REPOSITORY, check=False).returncode == 0:
            return command
    return None


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests ran as an ordinary user already")
def test_an_ordinary_user_can_do_it_too(start: Start, tmp_path: Path) -> None:
    if (command := as_nobody()) is None:
        pytest.skip("root can't become another user who can read this Python")
    os.chown(tmp_path, 65534, 65534)
    holder = start([*command, *python(HOLDER), tmp_path], env={"HOME": str(tmp_path)})
    read_until(holder, "up")
    owners = {line.split()[0] for line in processes_with(tmp_path)}
    assert {os.stat(f"/proc/{pid}").st_uid for pid in owners} == {65534}
    holder.kill()
    holder.wait()
    until_gone(tmp_path)


def test_a_state_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotStart, match="run as its owner, or delete it"):
        Embedded(tmp_path / "file").lock()
