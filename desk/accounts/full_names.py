"""People's names: what they are made of, and which ones a customer may not take.

Two people may have the same name, and a customer that of somebody of the staff: what tells them
apart is the role. What no person is called is the desk itself.
"""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from desk.errors import Invalid
from desk.text import BLANK, DIRECTION, Text

# With the Arabic letter mark, which no name needs.
TURNS = re.compile(f"[\u061c{DIRECTION}]")
NON_JOINER, JOINER = "\u200c", "\u200d"
# Emoji that are spelled with what else is invisible: keycaps, and flags of parts of a country.
SPELLED = re.compile("[0-9#*]\ufe0f?\u20e3|\U0001f3f4[\U000e0030-\U000e007a]{2,6}\U000e007f")
# Arabic to Samaritan and Mandaic, the scripts of India, Burmese, Khmer, Mongolian.
JOINED = re.compile(
    "[\u0600-\u0dff\u1000-\u109f\u1780-\u18af\u1cd0-\u1cff\ua8e0-\ua8ff\ufb50-\ufdff\ufe70-\ufefc"
    "\U00011000-\U00011fff]"
)
MONGOLIAN = re.compile("[\u1800-\u18af]")
# And what parts a last vowel from its word.
MONGOLIAN_SELECTORS = re.compile("[\u180b-\u180f]")
SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# Letters that look like Latin ones, small or large, the usual: Cyrillic, Greek, Armenian; and
# digits and signs. With l, i and 1 one cannot be told from the other.
LIKE = {
    "a": "\u0430\u03b14@", "b": "\u0432\u03b28", "c": "\u0441\u03f2", "d": "\u0501",
    "e": "\u0435\u03b53", "h": "\u043d\u04bb\u03b7\u0570", "i": "\u0456\u03b9\u0131l1|",
    "j": "\u0458", "k": "\u043a\u03ba", "m": "\u043c\u03bc", "n": "\u03bd\u0578",
    "o": "\u043e\u03bf\u05850", "p": "\u0440\u03c1", "q": "\u051b", "s": "\u04555$",
    "t": "\u0442\u03c47", "u": "\u03c5\u057d", "w": "\u051d", "x": "\u0445\u03c7", "y": "\u0443",
    "z": "\u03b6",
}  # fmt: skip
DIGITS = re.compile(r"\d+")
LOOKS = {ord(other): letter for letter, others in LIKE.items() for other in others}
# What alone, with each other or with the name of the desk, is no person's name.
OF_THE_DESK = (
    "admin admins administrator administrators agent agents csr daemon desk help helpdesk mailer "
    "moderator moderators noreply operator postmaster security service services staff support "
    "sysadmin system webmaster"
)
# What says so only beside one of them.
WITH_OTHERS = (
    "assistance care center centre contact customer customers department it no of official our "
    "reply team tech technical the ticket tickets user users"
)


def _shown(name: str) -> str:
    """The name, if all of it is shown, and in the order in which it is written."""
    if name.isascii():
        return name
    if TURNS.search(name):
        raise PydanticCustomError("name_turns", "must not hold marks of the writing direction")
    text = SPELLED.sub("", name)
    before = ""
    for character, after in zip(text, text[1:] + " ", strict=True):
        is_hidden = character in BLANK or unicodedata.category(character) == "Cf"
        if is_hidden and not _is_needed(character, before, after):
            raise PydanticCustomError("name_hidden", "must not hold invisible characters")
        before = character
    return name


def _is_needed(character: str, before: str, after: str) -> bool:
    """Whether what is invisible by itself makes a difference where it stands."""
    if not before:
        return False
    kind = unicodedata.category(before)
    if character in (NON_JOINER, JOINER):
        is_emoji = kind in ("So", "Sk") or before == "\ufe0f"
        joins_emoji = (
            character == JOINER and is_emoji and unicodedata.category(after) in ("So", "Sm")
        )
        return joins_emoji or (kind[0] in "LM" and JOINED.match(before) is not None)
    if MONGOLIAN_SELECTORS.match(character):
        return kind[0] == "L" and MONGOLIAN.match(before) is not None
    # Other forms of signs, emoji and Chinese characters; Latin letters have none.
    return SELECTORS.match(character) is not None and kind in ("Lo", "Po", "Sm", "So")


FullName = Annotated[str, Text(200), AfterValidator(_shown)]


def require_own(full_name: str, desk_name: str, pointer: str = "/full_name") -> None:
    """Raises `Invalid` where a customer calls themselves as if they were the desk.

    ``desk_name``: what stands before the address of its mails.
    """
    desk = _words(desk_name)
    # A digit may stand for a letter, or for nothing.
    without_digits = DIGITS.sub(" ", unicodedata.normalize("NFKC", full_name))
    if any(_is_the_desk(_words(said), desk) for said in (full_name, without_digits)):
        raise Invalid(
            "name_reserved", "This is the name of the desk; give your own", pointer=pointer
        )


def _is_the_desk(said: list[str], desk: list[str]) -> bool:
    joined = "".join(said)
    is_name = bool(desk) and joined == "".join(desk)
    is_made_of_it = {*said} <= ALONE | OTHERS | {*desk} and bool({*said} & ALONE)
    return is_name or is_made_of_it or joined in ALONE


def _words(text: str) -> list[str]:
    """Its words, such that those that look alike are the same."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = "".join(c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c))
    plain = plain.translate(LOOKS).replace("rn", "m").replace("vv", "w")
    return re.findall(r"[^\W_]+", plain)


ALONE = frozenset(_words(OF_THE_DESK))
OTHERS = frozenset(_words(WITH_OTHERS))
