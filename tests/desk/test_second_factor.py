"""Codes of an app and recovery codes: what each is good for, and how often it may be tried."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import pyotp
import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import accounts, administration, sessions
from desk.accounts.accounts import StoredPassword
from desk.accounts.administration import UserChange
from desk.accounts.sessions import Issued
from desk.errors import Conflict, DeskError, Forbidden, Invalid, RateLimited, Unauthenticated
from desk.factors import challenges, totp
from desk.factors.challenges import Challenged, SecondFactor
from desk.factors.sign_in import SignIn
from desk.factors.totp import FAILURES_WINDOW, MOST_FAILURES, Confirmation
from models import AccountMail, LoginChallenge, RecoveryCode, Role, Totp, User
from tests.conftest import SECRET, Backend, engine_of
from tests.desk.races import overlapping, run
from tests.factories import PASSWORD_HASH, an_actor, behind

KEYS = [SECRET]
OTHER_KEY = "9b1c0f7e5a3d8264c7f0e1b2a3948576c0d1e2f3a4b5968778695a4b3c2d1e0f"
DAY = timedelta(days=1)
HOW = SignIn(DAY)
# In the middle of a step.
NOON = datetime(2026, 12, 1, 12, 0, 15, tzinfo=UTC)
STEP = timedelta(seconds=30)
WRONG = "000000"


@dataclass
class Account:
    """One with a second factor."""

    actor: Actor
    secret: str
    recovery: list[str]

    def code(self, at: datetime) -> str:
        return pyotp.TOTP(self.secret).at(at)

    @property
    def stored(self) -> StoredPassword:
        return StoredPassword(self.actor.id, PASSWORD_HASH)


def started(session: Session, actor: Actor, at: datetime = NOON) -> str:
    return totp.start(session, actor, PASSWORD_HASH, KEYS, "Desk", at).secret


def switched_on(session: Session, at: datetime = NOON - STEP * 4) -> Account:
    actor = an_actor(session)
    secret = started(session, actor, at)
    code = Confirmation(code=pyotp.TOTP(secret).at(at))
    codes = totp.confirm(session, actor, code, KEYS, at).recovery_codes
    return Account(actor, secret, codes)


def challenged(session: Session, account: Account, at: datetime = NOON) -> str:
    opened = challenges.log_in(session, account.stored, HOW, at)
    assert isinstance(opened, Challenged)
    return opened.token


def answer(session: Session, challenge: str, code: str, at: datetime = NOON) -> str:
    """What comes of it: ``in``, or the code of the refusal."""
    sent = SecondFactor(challenge=challenge, code=code)
    try:
        result = challenges.answer(session, sent, KEYS, HOW, at)
    except DeskError as refused:
        return refused.code
    return result.code if isinstance(result, DeskError) else "in"


def mails(session: Session, account: Account) -> Sequence[AccountMail]:
    query = select(AccountMail).where(AccountMail.user_id == account.actor.id)
    return session.scalars(query.order_by(AccountMail.id)).all()


@pytest.fixture
def ann(session: Session) -> Account:
    return switched_on(session)


def test_a_second_factor_is_not_in_force_before_it_is_confirmed(session: Session) -> None:
    actor = an_actor(session)
    other = sessions.open_session(session, actor.id, DAY, NOON)
    own = Actor(
        actor.id, actor.role, sessions.open_session(session, actor.id, DAY, NOON).session_id
    )
    first = started(session, own)
    new = totp.start(session, own, PASSWORD_HASH, KEYS, "Desk", NOON)
    assert new.uri.startswith("otpauth://totp/Desk:person")
    account = Account(own, new.secret, [])
    assert isinstance(challenges.log_in(session, account.stored, HOW, NOON), Issued)
    for wrong in (WRONG, pyotp.TOTP(first).at(NOON), ""):
        with pytest.raises(Invalid):
            totp.confirm(session, own, Confirmation(code=wrong), KEYS, NOON)
    code = Confirmation(code=account.code(NOON))
    assert len(set(totp.confirm(session, own, code, KEYS, NOON).recovery_codes)) == 10
    assert behind(session, other.session_id, NOON) is None
    assert own.session_id is not None
    assert behind(session, own.session_id, NOON) is not None
    challenge = challenged(session, account)
    assert answer(session, challenge, account.code(NOON)) == "invalid_code", "used to confirm it"
    for again in (partial(started, session, own), partial(totp.confirm, session, own, code, KEYS)):
        with pytest.raises(Conflict):
            again(NOON)


def test_a_second_factor_is_there_once_it_is_confirmed(session: Session) -> None:
    csr = an_actor(session, Role.CSR)
    issued = sessions.open_session(session, csr.id, DAY, NOON)
    own = Actor(csr.id, csr.role, issued.session_id)

    def must_set_up() -> bool:
        terms = {"session_id": issued.session_id, "now": NOON, "needs_factor": True}
        actor = sessions.ACTOR.first(session, **terms)
        held = sessions.holder(session, issued.session_id, csr.id, 0, NOON, needs_factor=True)
        assert actor is not None
        assert held == actor
        return actor.must_set_up

    assert must_set_up()
    secret = started(session, own)
    session.flush()
    assert must_set_up()
    code = Confirmation(code=pyotp.TOTP(secret).at(NOON))
    totp.confirm(session, own, code, KEYS, NOON)
    assert not must_set_up()


def test_who_switches_it_on_or_off_knows_the_password(session: Session, ann: Account) -> None:
    with pytest.raises(Forbidden):
        totp.start(session, ann.actor, "another hash", KEYS, "Desk", NOON)
    code = Confirmation(code=ann.code(NOON))
    with pytest.raises(Forbidden):
        totp.switch_off(session, ann.actor, "another hash", code, KEYS, NOON)


@pytest.mark.parametrize(
    ("off", "result"),
    [(-2, "invalid_code"), (-1, "in"), (0, "in"), (1, "in"), (2, "invalid_code")],
)
def test_a_clock_may_be_30_seconds_off(
    session: Session, ann: Account, off: int, result: str
) -> None:
    assert answer(session, challenged(session, ann), ann.code(NOON + STEP * off)) == result


def test_a_code_and_those_before_it_are_good_once(session: Session, ann: Account) -> None:
    assert answer(session, challenged(session, ann), ann.code(NOON)) == "in"
    for used in (ann.code(NOON), ann.code(NOON - STEP)):
        assert answer(session, challenged(session, ann), used) == "invalid_code"
    assert answer(session, challenged(session, ann), ann.code(NOON + STEP)) == "in"


def test_a_recovery_code_is_good_once_however_it_is_typed(session: Session, ann: Account) -> None:
    first, second = ann.recovery[:2]
    assert answer(session, challenged(session, ann), f" {first.lower()} ".replace("-", " ")) == "in"
    assert answer(session, challenged(session, ann), first) == "invalid_code"
    assert answer(session, challenged(session, ann), second) == "in"
    left = select(func.count()).where(RecoveryCode.user_id == ann.actor.id)
    assert session.scalar(left) == 8


def test_a_challenge_opens_one_session_has_five_tries_and_five_minutes(
    session: Session, ann: Account
) -> None:
    used = challenged(session, ann)
    assert answer(session, used, ann.code(NOON)) == "in"
    assert answer(session, used, ann.recovery[0]) == "challenge_over"
    tried = challenged(session, ann)
    assert [answer(session, tried, WRONG) for _ in range(5)] == ["invalid_code"] * 5
    assert answer(session, tried, ann.recovery[0]) == "challenge_over"
    late = challenged(session, ann)
    at = NOON + challenges.LIFETIME
    assert answer(session, late, ann.code(at), at) == "challenge_over"
    assert answer(session, "x", ann.recovery[0]) == "challenge_over"


def test_a_code_of_one_account_does_not_answer_the_challenge_of_another(
    session: Session, ann: Account
) -> None:
    bob = switched_on(session)
    for code in (bob.code(NOON), bob.recovery[0]):
        assert answer(session, challenged(session, ann), code) == "invalid_code"
    assert answer(session, challenged(session, bob), bob.recovery[0]) == "in"


def another_password(session: Session, account: Account) -> None:
    accounts.change_password(session, account.actor, PASSWORD_HASH, "another hash", NOON)


def another_password_before_it_was_stored(session: Session, account: Account) -> None:
    """What ends the challenges that there are has not met this one."""
    session.get_one(User, account.actor.id).password_hash = "another hash"


def deactivated(session: Session, account: Account) -> None:
    session.get_one(User, account.actor.id).is_active = False


def switched_off(session: Session, account: Account) -> None:
    code = Confirmation(code=account.recovery[1])
    assert totp.switch_off(session, account.actor, PASSWORD_HASH, code, KEYS, NOON) is None


@pytest.mark.parametrize(
    "end",
    [another_password, another_password_before_it_was_stored, deactivated, switched_off],
)
def test_a_challenge_ends_with_what_it_was_for(
    session: Session, ann: Account, end: Callable[[Session, Account], None]
) -> None:
    challenge = challenged(session, ann)
    end(session, ann)
    session.flush()
    assert answer(session, challenge, ann.recovery[0]) == "challenge_over"


def test_a_challenge_does_not_come_back_with_its_account(session: Session, ann: Account) -> None:
    admin, challenge = an_actor(session, Role.ADMIN), challenged(session, ann)

    def switch(is_active: bool) -> None:
        change = UserChange(is_active=is_active)
        administration.change(session, admin, ann.actor.id, change, NOON)

    switch(False)
    with pytest.raises(Unauthenticated):
        challenged(session, ann)
    switch(True)
    assert answer(session, challenge, ann.recovery[0]) == "challenge_over"


def test_ten_wrong_codes_an_hour_are_all_that_an_account_has(
    session: Session, ann: Account
) -> None:
    for _ in range(MOST_FAILURES // 5):
        challenge = challenged(session, ann)
        assert [answer(session, challenge, WRONG) for _ in range(5)] == ["invalid_code"] * 5
    assert answer(session, challenged(session, ann), ann.code(NOON)) == "rate_limited"
    assert [mail.kind for mail in mails(session, ann)] == ["second_factor_added", "codes_tried"]
    with pytest.raises(RateLimited) as refused:
        totp.renew_codes(session, ann.actor, Confirmation(code=ann.code(NOON)), KEYS, NOON)
    assert refused.value.headers["Retry-After"] == "3600"
    later = NOON + FAILURES_WINDOW
    assert answer(session, challenged(session, ann, later), ann.code(later), later) == "in"


def test_new_recovery_codes_take_the_place_of_the_old_ones_for_who_has_the_app(
    session: Session, ann: Account
) -> None:
    spent = totp.renew_codes(session, ann.actor, Confirmation(code=ann.recovery[0]), KEYS, NOON)
    assert isinstance(spent, Invalid)
    code = Confirmation(code=ann.code(NOON))
    renewed = totp.renew_codes(session, ann.actor, code, KEYS, NOON)
    assert isinstance(renewed, totp.RecoveryCodes)
    assert answer(session, challenged(session, ann), ann.recovery[0]) == "invalid_code"
    assert answer(session, challenged(session, ann), renewed.recovery_codes[0]) == "in"


def test_after_it_is_switched_off_nothing_is_left_of_it(session: Session, ann: Account) -> None:
    challenged(session, ann)
    wrong = Confirmation(code=WRONG)
    refused = totp.switch_off(session, ann.actor, PASSWORD_HASH, wrong, KEYS, NOON)
    assert isinstance(refused, Invalid)
    switched_off(session, ann)
    for model in (Totp, RecoveryCode, LoginChallenge):
        assert session.scalar(select(func.count()).select_from(model)) == 0
    assert isinstance(challenges.log_in(session, ann.stored, HOW, NOON), Issued)


def test_the_database_has_no_secret_that_one_could_use(session: Session, ann: Account) -> None:
    challenge = challenged(session, ann)
    rows = [
        str(session.execute(text(f"select {table}::text from {table}")).all())
        for table in ("totp", "recovery_codes", "login_challenges")
    ]
    stored = session.get_one(Totp, ann.actor.id).secret
    plain = [ann.secret, challenge, *ann.recovery, *(c.replace("-", "") for c in ann.recovery)]
    for secret in plain:
        assert secret.encode() not in stored
        assert all(secret not in row and secret.encode().hex() not in row for row in rows)


def test_a_secret_is_of_one_account_and_goes_over_to_the_new_key(
    session: Session, ann: Account
) -> None:
    bob = switched_on(session)
    session.get_one(Totp, bob.actor.id).secret = session.get_one(Totp, ann.actor.id).secret
    assert answer(session, challenged(session, bob), ann.code(NOON)) == "invalid_code"
    both = SecondFactor(challenge=challenged(session, ann), code=ann.code(NOON))
    assert isinstance(challenges.answer(session, both, [OTHER_KEY, SECRET], HOW, NOON), tuple)
    later = NOON + STEP
    for keys, is_good in (([SECRET], False), ([OTHER_KEY], True)):
        sent = SecondFactor(challenge=challenged(session, ann), code=ann.code(later))
        result = challenges.answer(session, sent, keys, HOW, later)
        assert isinstance(result, tuple) is is_good
    spare = SecondFactor(challenge=challenged(session, ann), code=ann.recovery[0])
    assert isinstance(challenges.answer(session, spare, [SECRET], HOW, later), tuple)


def test_secrets_are_sealed_anew_all_together(session: Session, ann: Account) -> None:
    lost = switched_on(session)
    session.get_one(Totp, lost.actor.id).secret = b"of another key"
    assert totp.reseal(session, KEYS) == (0, 1)
    assert totp.reseal(session, [OTHER_KEY, SECRET]) == (1, 1)
    sent = SecondFactor(challenge=challenged(session, ann), code=ann.code(NOON))
    assert isinstance(challenges.answer(session, sent, [OTHER_KEY], HOW, NOON), tuple)


def test_challenges_that_are_over_are_deleted(session: Session, ann: Account) -> None:
    challenged(session, ann)
    session.flush()
    assert challenges.prune(session, NOON, 10) == 0
    assert challenges.prune(session, NOON + challenges.LIFETIME, 10) == 1


@pytest.fixture(scope="module")
def engine_of_races(make_backend: Callable[[], Backend]) -> Iterator[Engine]:
    with engine_of(make_backend()) as engine:
        yield engine


@pytest.mark.parametrize("is_recovery", [False, True])
def test_of_one_code_five_times_at_once_one_is_taken(
    engine_of_races: Engine, is_recovery: bool
) -> None:
    ann = run(engine_of_races, switched_on)
    asked = [run(engine_of_races, lambda s: challenged(s, ann)) for _ in range(5)]
    code = ann.recovery[0] if is_recovery else ann.code(NOON)
    with ThreadPoolExecutor(5) as pool:
        results = pool.map(
            lambda challenge: run(engine_of_races, lambda s: answer(s, challenge, code)), asked
        )
    assert sorted(results) == ["in", *["invalid_code"] * 4]


def test_of_two_good_codes_for_one_challenge_at_once_one_opens_a_session(
    engine_of_races: Engine,
) -> None:
    ann = run(engine_of_races, switched_on)
    challenge = run(engine_of_races, lambda s: challenged(s, ann))
    first, second = overlapping(
        engine_of_races,
        lambda s: answer(s, challenge, ann.recovery[0]),
        lambda s: answer(s, challenge, ann.recovery[1]),
    )
    assert (first, second.result()) == ("in", "challenge_over")


@pytest.mark.parametrize("login_first", [True, False])
def test_no_session_without_a_code_outlives_the_moment_in_which_it_is_switched_on(
    engine_of_races: Engine, login_first: bool
) -> None:
    actor = run(engine_of_races, an_actor)
    secret = run(engine_of_races, lambda s: started(s, actor))
    account = Account(actor, secret, [])

    def log_in(session: Session) -> object:
        return challenges.log_in(session, account.stored, HOW, NOON)

    def confirm(session: Session) -> object:
        return totp.confirm(session, actor, Confirmation(code=account.code(NOON)), KEYS, NOON)

    first, second = (log_in, confirm) if login_first else (confirm, log_in)
    done, waited = overlapping(engine_of_races, first, second)
    opened = done if login_first else waited.result()
    waited.result()
    if isinstance(opened, Issued):
        issued = opened
        assert run(engine_of_races, lambda s: behind(s, issued.session_id, NOON)) is None
    else:
        assert isinstance(opened, Challenged)
