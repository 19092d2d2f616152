"""``manage create-user``."""

import os
import pty
import subprocess
import termios
from pathlib import Path
from uuid import UUID

import pytest
import redis
from click.testing import CliRunner
from sqlalchemy import select

from embedded.servers import Embedded
from manage.create_user import create_user
from models import Role, User
from server.identity.passwords import matches
from tests.conftest import Backend
from tests.factories import database, people
from tests.manage.conftest import Manage, command, environment, refusal
from tests.waiting import PATIENCE, block_until

PASSWORD = "correct horse battery"
NOWHERE = "redis://127.0.0.1:1"


def asked_for(email: str, role: str = "user") -> list[str]:
    return ["create-user", "--email", email, "--full-name", "Zoë Ray", "--role", role]


def stored(backend: Backend, email: str) -> User | None:
    with database(backend.settings) as session:
        return session.scalar(select(User).where(User.email == email))


def test_it_says_what_it_made_and_wakes_the_assignment_for_a_csr(
    manage: Manage, backend: Backend
) -> None:
    with redis.Redis.from_url(backend.redis_url) as broker:
        waiting = int(broker.llen("assignment"))
    done = manage(
        *asked_for("Zoe@Desk.Test", "csr"),
        "--password-stdin",
        stdin=f"{PASSWORD}\n",
        **backend.environment,
    )
    user = stored(backend, "zoe@desk.test")
    assert user is not None
    assert user.role is Role.CSR
    assert matches(PASSWORD, user.password_hash)
    assert done.stdout == f"Created csr zoe@desk.test (Zoë Ray) with id {user.id}\n"
    assert not done.stderr
    with redis.Redis.from_url(backend.redis_url) as broker:
        assert broker.llen("assignment") == waiting + 1


def test_the_database_is_enough_and_a_broker_that_is_down_does_not_matter(
    manage: Manage, backend: Backend
) -> None:
    alone = {"DATABASE_URL": backend.database_url}
    for number, settings in enumerate((alone, backend.environment | {"BROKER_URL": NOWHERE})):
        email = f"down{number}@desk.test"
        done = manage(*asked_for(email, "csr"), "--password-stdin", stdin=PASSWORD, **settings)
        assert (done.returncode, done.stderr) == (0, "")
        assert stored(backend, email) is not None


@pytest.mark.parametrize(
    ("email", "password", "said"),
    [
        ("nobody", PASSWORD, "email: An email address must have an @-sign"),
        ("short@desk.test", "1234567", "password: must have at least 8 characters"),
        ("nul@desk.test", "1234567\0", "password: must not contain NUL"),
        ("latin@desk.test", PASSWORD.encode() + b"\xe9", "password: is not UTF-8"),
    ],
)
def test_what_the_rules_refuse_is_told(email: str, password: str | bytes, said: str) -> None:
    done = CliRunner().invoke(
        create_user, [*asked_for(email)[1:], "--password-stdin"], input=password
    )
    assert done.exit_code == 1
    assert said in done.output


def test_an_address_has_one_account(manage: Manage, backend: Backend) -> None:
    person = people(backend.settings, Role.USER)[0]
    done = manage(
        *asked_for(person.email.upper()),
        "--password-stdin",
        stdin=PASSWORD,
        **backend.environment,
    )
    assert refusal(done) == "Error: User already registered"


def test_it_asks_twice_and_not_where_there_is_no_terminal(
    manage: Manage, backend: Backend, tmp_path: Path
) -> None:
    assert "--password-stdin" in refusal(manage(*asked_for("pty@desk.test"), **backend.environment))
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command(*asked_for("pty@desk.test")),
        cwd=tmp_path,
        env=environment(backend.environment),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        said = ""
        for prompt in ("Password: ", "Repeat for confirmation: "):
            said += read_until(ours, prompt)
            # The prompt is written just before the echo goes off.
            block_until(lambda: not termios.tcgetattr(ours)[3] & termios.ECHO)
            os.write(ours, f"{PASSWORD}\n".encode())
        said += read_until(ours, "Created user")
        assert process.wait(PATIENCE) == 0
    os.close(ours)
    assert PASSWORD not in said
    assert stored(backend, "pty@desk.test") is not None


def read_until(terminal: int, words: str) -> str:
    said = ""
    while words not in said:
        said += os.read(terminal, 1024).decode()
    return said


def test_it_finds_the_servers_of_the_launcher_that_runs_here(
    manage: Manage, backend: Backend, tmp_path: Path
) -> None:
    def create(email: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return manage(*asked_for(email), "--password-stdin", stdin=PASSWORD, **settings)

    launcher = Embedded(tmp_path / ".data", postgres=False, redis=False)
    launcher.lock()
    try:
        launcher.publish(**backend.environment)
        assert UUID(create("found@desk.test").stdout.split()[-1])
        elsewhere = create("elsewhere@desk.test", DATABASE_URL="postgresql://me:hush@127.0.0.1:1/x")
        said = refusal(elsewhere)
        assert "Cannot reach the database at 127.0.0.1:1" in said
        assert "hush" not in said
    finally:
        launcher.folder.unlock()
    assert "start `make run` first, or set DATABASE_URL" in refusal(create("gone@desk.test"))
