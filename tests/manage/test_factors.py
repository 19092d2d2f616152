"""``manage remove-factors`` and ``manage reseal-factors``."""

import pytest
from click.testing import CliRunner

from desk.factors.sealing import seal, unseal
from manage.factors import remove_factors, reseal_factors
from models import Role, Totp
from tests.conftest import SECRET, Backend
from tests.factories import Person, behind, database, now, people

NEW_KEY = "9b1c0f7e5a3d8264c7f0e1b2a3948576c0d1e2f3a4b5968778695a4b3c2d1e0f"


@pytest.fixture
def ann(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> Person:
    for name, value in backend.environment.items():
        monkeypatch.setenv(name, value)
    (person,) = people(backend.settings, Role.ADMIN)
    with database(backend.settings) as session:
        secret = seal([SECRET], "a secret", person.id)
        session.add(Totp(user_id=person.id, secret=secret, created_at=now(), confirmed_at=now()))
    return person


def test_a_lost_second_factor_is_taken_away(backend: Backend, ann: Person) -> None:
    runner = CliRunner()
    unknown = runner.invoke(remove_factors, ["--email", "nobody@desk.test"])
    assert (unknown.exit_code, "no account" in unknown.output) == (1, True)
    done = runner.invoke(remove_factors, ["--email", ann.email.upper()])
    assert done.exit_code == 0, done.output
    with database(backend.settings) as session:
        assert session.get(Totp, ann.id) is None
        assert ann.actor.session_id is not None
        assert behind(session, ann.actor.session_id, now()) is None


def test_a_new_key_opens_what_was_sealed_anew(
    backend: Backend, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWT_SECRET_KEY", NEW_KEY)
    monkeypatch.setenv("JWT_PREVIOUS_SECRET_KEY", SECRET)
    done = CliRunner().invoke(reseal_factors)
    assert done.exit_code == 0, done.output
    # Other tests may have left theirs.
    assert int(done.output.split()[0]) >= 1
    with database(backend.settings) as session:
        sealed = session.get_one(Totp, ann.id).secret
        assert unseal([NEW_KEY], sealed, ann.id) == "a secret"
        session.delete(session.get_one(Totp, ann.id))
