"""Erases people, and looks for what is left."""

from datetime import timedelta

from sqlalchemy.orm import Session

from desk import deadlines
from desk.access import Actor
from desk.erasure import erasures
from desk.erasure.erasures import Erasing, ErasureShown, ErasureState
from desk.erasure.traces import traces
from tests.factories import now

NAME_BEFORE, ADDRESS_BEFORE = "Wilhelmina Quastenflosser", "w.quastenflosser@haus.test"
WORDS = ("xylophonkasten", "brennesselsuppe", "käsekrainer", "mondscheintarif", "zwiebelturm")
MAILED = {"account_mails", "one_time_tokens"}
BEFORE = ("wilhelmina", "quastenflosser", ADDRESS_BEFORE, "203.0.113.", *WORDS)
LATER = timedelta(minutes=1)


def ask(session: Session, admin: Actor, person: Actor, *, keep: bool = False) -> ErasureShown:
    return erasures.ask(session, admin, person.id, Erasing(keep_tickets=keep), now())


def go_on(session: Session) -> int:
    return deadlines.drain_other(session, {erasures.DEADLINE: erasures.go_on}, now() + LATER)


def erase(session: Session, admin: Actor, person: Actor, *, keep: bool = False) -> None:
    ask(session, admin, person, keep=keep)
    while go_on(session):
        pass
    session.expire_all()
    assert erasures.show(session, person.id).state is ErasureState.DONE


def found(session: Session, *sought: str) -> dict[str, int]:
    session.flush()
    return dict(traces(session, sought or BEFORE))
