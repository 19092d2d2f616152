"""One task's step, one transaction, then what it recorded goes out to the sockets."""

from collections.abc import Callable
from functools import cache
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from config import settings
from desk.outbox import outbox
from worker import delivery

P = ParamSpec("P")
T = TypeVar("T")


@cache
def _engine() -> Engine:
    return create_engine(
        settings().database_url,
        pool_size=1,
        max_overflow=1,
        pool_pre_ping=True,
        # What a statement was run with are people's words and addresses: not for an error's text.
        hide_parameters=True,
        connect_args={"connect_timeout": 3, "options": "-c timezone=UTC"},
    )


def forget_connections() -> None:
    """A forked child must not share its parent's sockets; closing them would end the parent's."""
    _engine().dispose(close=False)


def run(rule: Callable[Concatenate[Session, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    with Session(_engine(), expire_on_commit=False) as session:
        with session.begin():
            result = rule(session, *args, **kwargs)
        recorded = outbox(session)
    delivery.deliver(recorded)
    return result
