"""Passwords as they are given: one that is chosen is none of the most common."""

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from desk.accounts.common_passwords import is_common
from desk.text import Text


def _uncommon_password(password: str) -> str:
    if is_common(password):
        raise PydanticCustomError("password_common", "is one of the most common passwords")
    return password


Password = Annotated[
    str, Text(128, shortest=8, single_line=False), AfterValidator(_uncommon_password)
]
# A password to be checked, not chosen: only bounded.
GivenPassword = Annotated[str, Text(1024, shortest=0, single_line=False)]
