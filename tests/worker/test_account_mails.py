"""Mails about accounts: what they say, once, and the same again where a mailer died."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from desk.accounts import one_time_tokens
from desk.notifications import account_mails
from models import AccountMail, Role
from tests.conftest import SECRET, Backend
from tests.factories import Person, database, now, people
from tests.mailbox import Mailbox
from tests.worker.talk import parts
from wire.account_links import PATHS
from worker.mail import account_mails as composing
from worker.mail.drain import drain

TEMPLATES = Path(composing.__file__).parent / "templates" / "account"
KINDS = sorted(path.name.removesuffix(".j2") for path in TEMPLATES.iterdir())
LINK = re.compile(r"https://desk\.test(/[\w/]+)#token=([\w-]+)")


@pytest.fixture
def ann(backend: Backend) -> Person:
    """Who wants no mails about tickets: these come all the same."""
    (person,) = people(backend.settings, Role.USER, notify_email=False)
    return person


def send(backend: Backend, person: Person, kind: str) -> None:
    """A mail of the kind, with a token if it is one that has a link of its own."""
    with database(backend.settings) as session:
        link = None
        if kind in PATHS:
            terms = (SECRET, now(), timedelta(minutes=30))
            link = one_time_tokens.issue(session, kind, person.id, *terms)
        data = {"browser": "Firefox on Linux", "network": "192.0.2.0/24"}
        account_mails.send(session, person.id, person.email, kind, data, now(), link=link)


def test_each_kind_is_a_mail_that_no_one_unsubscribes_from(
    backend: Backend, mailbox: Mailbox, ann: Person
) -> None:
    for kind in KINDS:
        send(backend, ann, kind)
    for _ in range(2):
        drain()
    assert len(mailbox.mails) == len(KINDS)
    for mail, kind in zip(mailbox.mails, KINDS, strict=True):
        assert str(mail["To"]) == ann.email
        assert mail["Auto-Submitted"] == "auto-generated"
        assert "List-Unsubscribe" not in mail
        assert mail["Subject"]
        paths = {PATHS[kind]} if kind in PATHS else set()
        for part in parts(mail):
            assert "https://desk.test" in part
            assert {path for path, _ in LINK.findall(part)} == paths


def test_a_mailer_that_died_is_followed_by_one_that_sends_the_very_same(
    backend: Backend, mailbox: Mailbox, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(backend, ann, "password_reset")

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("desk.notifications.account_mails.finished", die)
        with pytest.raises(KeyboardInterrupt):
            drain()
    with database(backend.settings) as session:
        session.execute(update(AccountMail).values(leased_until=None))
    for _ in range(2):
        drain()
    first, again = mailbox.raw
    assert first == again
    (_, token) = LINK.findall(parts(mailbox.mails[0])[0])[0]
    with database(backend.settings) as session:
        stored = session.scalars(select(AccountMail)).one()
        assert stored.nonce is not None
        assert token not in {stored.nonce.hex(), str(stored.data)}
        assert one_time_tokens.use(session, "password_reset", token, now()).user_id == ann.id


def test_a_mail_whose_token_is_good_no_more_is_not_sent(
    backend: Backend, mailbox: Mailbox, ann: Person
) -> None:
    for _ in range(2):
        send(backend, ann, "password_reset")
    drain()
    assert len(mailbox.mails) == 1
