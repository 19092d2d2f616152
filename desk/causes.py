"""Causes: what had several events written at once, so that they are told, and taken back, as one.

They are the staff's alone to see. A rule that records events need not know that it has one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlalchemy.orm import Session


class CauseType(StrEnum):
    MACRO = "macro"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Cause:
    """What had the event written. ``id``: the macro's, or of an undo the undone batch. ``batch``:
    of all events that were written with it.
    """

    type: CauseType
    id: UUID
    batch: UUID


@contextmanager
def caused_by(session: Session, cause: Cause) -> Iterator[None]:
    """Every event that is recorded meanwhile has this cause."""
    session.info["cause"] = cause
    try:
        yield
    finally:
        del session.info["cause"]


def present_cause(session: Session) -> dict[str, Any] | None:
    """As `models.Event` stores it."""
    cause = session.info.get("cause")
    stored: dict[str, Any] | None = to_jsonable_python(cause)
    return stored
