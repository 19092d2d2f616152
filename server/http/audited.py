"""Rules that staff configure the desk by, each with its entry in the audit log."""

from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel
from sqlalchemy.orm import Session

from desk import audit
from server.http.guard import ACTOR

P = ParamSpec("P")
T = TypeVar("T")


def audited(
    request: web.Request,
    rule: Callable[Concatenate[Session, P], T],
    action: str,
    subject_type: str,
    subject_id: UUID | None = None,
    data: Mapping[str, Any] | None = None,
) -> Callable[Concatenate[Session, P], T]:
    """The rule, which writes its entry in the transaction in which it is run.

    ``subject_id``: None for what the rule makes, whose ``id`` is in its result.
    """
    actor = request[ACTOR]

    def run(session: Session, /, *args: P.args, **kwargs: P.kwargs) -> T:
        result: Any = rule(session, *args, **kwargs)
        audit.record(
            session,
            action,
            actor_id=actor.id,
            subject_type=subject_type,
            subject_id=result.id if subject_id is None else subject_id,
            data=data,
        )
        return result  # type: ignore[no-any-return]

    return run


def fields_of(change: BaseModel) -> dict[str, Any]:
    """Which fields were sent, without what they say."""
    return {"fields": sorted(change.model_fields_set)}
