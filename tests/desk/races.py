"""Two transactions at once, on two real connections."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from tests.locks import until_one_waits

T = TypeVar("T")


@contextmanager
def committing(engine: Engine) -> Iterator[Session]:
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


def run(engine: Engine, rule: Callable[[Session], T]) -> T:
    with committing(engine) as session:
        return rule(session)


def overlapping(
    engine: Engine, first: Callable[[Session], T], second: Callable[[Session], T]
) -> tuple[T, Future[T]]:
    """Runs the second while the first has done its work but has not committed yet."""
    with ThreadPoolExecutor(1) as pool:
        with committing(engine) as session:
            mine = first(session)
            session.flush()
            theirs = pool.submit(run, engine, second)
            until_one_waits(engine.url.render_as_string(hide_password=False))
            assert not theirs.done()
        return mine, theirs
