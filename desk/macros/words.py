"""Words: what a macro's text says of whom it is about, put in where it is used."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic_core import PydanticCustomError

WORDS = (
    "ticket.number",
    "ticket.title",
    "customer.first_name",
    "customer.full_name",
    "agent.first_name",
    "agent.full_name",
    "desk.name",
)
# A word, and behind a bar what stands for it where it is empty.
WORD = re.compile(r"\{\{([^{}|]*)(?:\|([^{}]*))?\}\}")


@dataclass(frozen=True, slots=True)
class Rendered:
    """``missing``: the words that are empty and have nothing to stand for them, each once."""

    content: str
    missing: list[str]


def known(text: str) -> str:
    """The text, if we know all of its words. Raises pydantic's error."""
    for found in WORD.finditer(text):
        if (word := found[1].strip()) not in WORDS:
            raise PydanticCustomError("word", "has an unknown word: {word}", {"word": word})
    if "{{" in WORD.sub("", text):
        raise PydanticCustomError("word", "has braces around what is no word")
    return text


def render(text: str, values: Mapping[str, str]) -> Rendered:
    """The text with the values in it. They are put in once: braces in a value are text.

    A word that is empty stays as it is written.
    """
    missing: dict[str, None] = {}

    def value(found: re.Match[str]) -> str:
        word = found[1].strip()
        if value := values[word] or (found[2] or "").strip():
            return value
        missing[word] = None
        return found[0]

    return Rendered(WORD.sub(value, text), list(missing))


def first_name(full_name: str) -> str:
    """The first of a name's words."""
    return full_name.split()[0] if full_name.split() else ""
