"""Passwords as they are given: one that is chosen is none of the most common, nor what whoever
knows the account would try.
"""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from desk.accounts.common_passwords import is_common
from desk.errors import Invalid
from desk.text import Text

PRODUCT = "Ticket Desk"
DIGITS = "0123456789"


def _uncommon_password(password: str) -> str:
    if is_common(password):
        raise PydanticCustomError("password_common", "is one of the most common passwords")
    return password


Password = Annotated[
    str, Text(128, shortest=8, single_line=False), AfterValidator(_uncommon_password)
]
# A password to be checked, not chosen: only bounded.
GivenPassword = Annotated[str, Text(1024, shortest=0, single_line=False)]


def require_own(password: str, pointer: str, email: str, full_name: str, desk_name: str) -> None:
    """Raises `Invalid` for a password that is the account's name or address, or the desk's name.

    Signs, cases and the digits around it do not make another one of it.
    """
    words = (full_name, email, email.partition("@")[0], desk_name, PRODUCT)
    known = {*map(_plain, words)} - {""}
    said = _plain(password)
    if {said, said.strip(DIGITS)} & known:
        detail = "Others would guess this password: it is your name or address, or the desk's name"
        raise Invalid("password_guessable", detail, pointer=pointer)


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(filter(str.isalnum, folded))
