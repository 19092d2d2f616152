"""``manage doctor``."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from models import AuditEntry
from tests.cluster.conftest import Cluster
from tests.conftest import SECRET, Backend
from tests.factories import database, now
from tests.manage.conftest import Done, Manage
from tests.waiting import block_until


def marks(done: Done) -> dict[str, str]:
    """Per check its mark."""
    lines = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    return {name: mark for mark, name, _ in lines}


def test_with_all_in_place_every_line_is_ok(
    manage: Manage, make_backend: Callable[[], Backend], tmp_path: Path
) -> None:
    with ExitStack() as stack:
        cluster = Cluster(make_backend(), tmp_path, stack)
        cluster.start_worker()
        runs: list[Done] = []

        def is_well() -> bool:
            runs.append(manage("doctor", **cluster.backend.environment))
            return runs[-1].returncode == 0

        block_until(is_well)
        done = runs[-1]
    names = "python settings secrets database schema clock audit redis broker worker"
    assert marks(done) == dict.fromkeys(names.split(), "ok")
    assert not done.stderr
    assert SECRET not in done.stdout


def test_what_is_wrong_is_named_with_what_to_do(
    manage: Manage, empty_database: Callable[[], str]
) -> None:
    done = manage(
        "doctor",
        DATABASE_URL=empty_database(),
        REDIS_URL="redis://:hush@127.0.0.1:1",
        JWT_SECRET_KEY=SECRET,
    )
    assert done.returncode == 1
    assert marks(done) == {
        "python": "ok",
        "settings": "ok",
        "secrets": "ok",
        "database": "ok",
        "schema": "!!",
        "clock": "ok",
        "redis": "!!",
        "broker": "!!",
        "worker": "!!",
    }
    assert "python -m manage migrate" in done.stdout
    assert "hush" not in done.stdout + done.stderr
    assert SECRET not in done.stdout


def test_without_settings_the_database_is_looked_at_all_the_same(
    manage: Manage, backend: Backend
) -> None:
    done = manage("doctor", DATABASE_URL=backend.database_url)
    assert done.returncode == 1
    assert "REDIS_URL: is not set" in done.stdout
    assert marks(done)["schema"] == "ok"


def test_entries_that_nobody_seals_are_told(
    manage: Manage, make_backend: Callable[[], Backend]
) -> None:
    backend = make_backend()
    with database(backend.settings) as session:
        session.execute(text("set local session_replication_role = replica"))
        at = now() - timedelta(minutes=2)
        session.add(AuditEntry(at=at, action="x", subject_type="", data={}))
    done = manage("doctor", DATABASE_URL=backend.database_url)
    assert marks(done)["audit"] == "!!"
    assert "1 entries are not sealed" in done.stdout
    with database(backend.settings) as session:
        session.execute(text("set local session_replication_role = replica"))
        session.execute(text("delete from audit_head"))
    assert "audit_head has no row" in manage("doctor", DATABASE_URL=backend.database_url).stdout
