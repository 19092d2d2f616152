"""Accounts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from desk.accounts import accounts
from desk.errors import Conflict
from desk.jobs import Job
from desk.outbox import outbox
from desk.text import Email
from models import Role, User

EMAIL: TypeAdapter[str] = TypeAdapter(Email)


def create(session: Session, email: str, role: Role = Role.USER) -> accounts.Profile:
    return accounts.create(session, EMAIL.validate_python(email), "Ann", "hash", role)


@pytest.mark.parametrize("again", ["ann@desk.test", "ANN@desk.test", " Ann@DESK.test "])
def test_an_address_has_one_account_whatever_its_case(session: Session, again: str) -> None:
    assert create(session, "Ann@desk.test").email == "ann@desk.test"
    with pytest.raises(Conflict) as refused:
        create(session, again)
    assert (refused.value.code, refused.value.detail) == ("email_taken", "User already registered")


def test_a_new_csr_wakes_the_assignment(session: Session) -> None:
    create(session, "ann@desk.test")
    create(session, "root@desk.test", Role.ADMIN)
    assert not outbox(session).wakes
    create(session, "bob@desk.test", Role.CSR)
    assert outbox(session).wakes == {Job.DRAIN_ASSIGNMENT}


def test_only_active_accounts_have_credentials(session: Session) -> None:
    profile = create(session, "ann@desk.test")
    found = accounts.credentials(session, "ann@desk.test")
    assert found == accounts.StoredPassword(profile.id, "hash")
    session.get_one(User, profile.id).is_active = False
    assert accounts.credentials(session, "ann@desk.test") is None
    assert accounts.credentials(session, "bob@desk.test") is None


@given(st.text(max_size=20) | st.from_regex(r"\A.{1,8}@.{1,8}\.[a-z]{2}\Z"))
def test_any_text_is_an_address_in_lower_case_or_refused(text: str) -> None:
    try:
        email = EMAIL.validate_python(text)
    except ValidationError:
        return
    assert EMAIL.validate_python(email) == email == email.lower()
