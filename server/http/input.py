"""What clients send, as models of ours: what is wrong with it is told of 20 places at most."""

from collections.abc import Mapping
from itertools import islice
from typing import TypeVar

from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)

MOST_ERRORS = 20


def validated(model: type[M], value: object) -> M:
    """The model of a value. Raises pydantic's ValidationError.

    Each member that the model does not know makes an error, and an error takes a hundred times as
    long as to read the member: of an endless number of them only the first few are looked at.
    """
    return model.model_validate(_bounded(model, value))


def _bounded(model: type[BaseModel], value: object) -> object:
    if not isinstance(value, Mapping) or len(value) <= MOST_ERRORS:
        return value
    fields = model.model_fields
    unknown = islice((name for name in value if name not in fields), _spare(model))
    known = (name for name in fields if name in value)
    return {name: value[name] for name in (*known, *unknown)}


def _spare(model: type[BaseModel]) -> int:
    """How many errors are left for names that the model does not know."""
    return max(1, MOST_ERRORS - len(model.model_fields))
