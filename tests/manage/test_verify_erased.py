"""``manage verify-erased``."""

from pathlib import Path

from models import Role
from tests.conftest import Backend
from tests.factories import a_ticket, database, people
from tests.manage.conftest import Manage


def test_words_are_found_in_tables_and_files_until_they_are_gone(
    manage: Manage, backend: Backend, tmp_path: Path
) -> None:
    [customer] = people(backend.settings, Role.USER)
    with database(backend.settings) as session:
        a_ticket(session, customer.actor, description="A käsekrainer, please")
    files = tmp_path / "files"
    files.mkdir()
    settings = backend.environment | {"FILES_URL": files.as_uri()}
    # Over the border of two chunks.
    (files / "a-file").write_bytes(b"x" * (128 * 1024 - 4) + b"Zwiebelturm")
    words = ("--word", "Käsekrainer", "--word", "zwiebelturm")
    done = manage("verify-erased", *words, **settings)
    assert done.returncode == 1
    assert {"tickets: 1", "file a-file"} <= {*done.stdout.splitlines()}
    assert "krainer" not in done.stdout + done.stderr
    none = manage("verify-erased", "--word", "mondscheintarif", **settings)
    assert (none.returncode, none.stdout) == (0, "Nothing is left.\n")
