"""Rules that most of the time are one statement, which needs no transaction around it.

A transaction takes the database two more round trips, and a session several times their cost. A
rule and its statement by itself share the SQL; where more is to be done than it can, it does
nothing at all, and the rule runs as any other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from sqlalchemy.orm import Session

from desk.outbox import Outbox
from desk.statements import Statement

P = ParamSpec("P")
T = TypeVar("T")

Rule = Callable[Concatenate[Session, P], T]


@dataclass(frozen=True)
class Alone(Generic[T]):
    """A statement that does all that a rule does, or nothing.

    ``done`` is given its shaped rows and an outbox to fill; None: it did nothing.
    ``is_repeatable``: if nobody knows whether it was committed, the rule may be run.
    """

    statement: Statement[Any]
    values: dict[str, Any]
    done: Callable[[Sequence[Any], Outbox], T | None]
    is_repeatable: bool


_ALONE: dict[Callable[..., Any], Callable[..., Alone[Any] | None]] = {}


def may_be_alone(
    make: Callable[P, Alone[T] | None],
) -> Callable[[Rule[P, T]], Rule[P, T]]:
    """Names for a rule what makes its statement of the same arguments; None: not of these."""

    def named(rule: Rule[P, T]) -> Rule[P, T]:
        _ALONE[rule] = make
        return rule

    return named


def alone(rule: Callable[..., T], *args: Any, **kwargs: Any) -> Alone[T] | None:
    """The rule as one statement, if it may be that."""
    make = _ALONE.get(rule)
    return make(*args, **kwargs) if make else None
