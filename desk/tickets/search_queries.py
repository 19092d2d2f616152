"""What people write into the search, as a tsquery. Any text is a search, also a pasted one.

``two words``, ``"a phrase"``, ``this or that``, ``-without``, ``beginn``: the last word may go on.
A quote is only syntax around words, with white space outside; a dash only before a plain word or a
phrase, beside something that is looked for. Else both are text like any other sign.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from desk.tickets.search_words import compound

# A phrase, or what stands between white space.
TERM = re.compile(r'(?<!\S)(?P<dash>-?)"(?P<phrase>[^"]*)"(?!\S)|(?P<text>\S+)')
# What a dash excludes: a word, of letters or written small. ``-Xmx512m`` is a flag.
PLAIN = re.compile(r"-(?:[^\W\d_]{2,}|(?:(?!_)\w){2,})")
# More words than these do not narrow a search any further; more exclusions are a pasted text.
MOST_WORDS, MOST_EXCLUSIONS = 40, 8
# Shorter words begin too many others.
SHORTEST_BEGINNING = 3
# A ticket's number: of at most 18 digits, as the column can hold each of these.
NUMBER = re.compile(r"#?([1-9][0-9]{0,17})")


def number_in(q: str) -> int | None:
    """The ticket's number that the whole search is: ``42`` or ``#42``."""
    match = NUMBER.fullmatch(q)
    return int(match[1]) if match else None


class _Term(NamedTuple):
    words: Sequence[str]
    query: str
    excludes: bool = False


def parsed(q: str) -> str:
    """The query as a tsquery is written; empty if there is no word in it."""
    found = list(TERM.finditer(q))
    terms = [_term(match, is_last=match is found[-1]) for match in found]
    excluded = [term for term in terms if term.excludes]
    wanted = [term for term in terms if not term.excludes and term.words]
    if excluded and (not wanted or len(excluded) > MOST_EXCLUSIONS):
        wanted = [_of_text(chunk, is_last=False) for chunk in q.split()]
        wanted, excluded = [term for term in wanted if term.words], []
    either = " | ".join(f"({group})" for group in _groups(wanted))
    return " & ".join([f"({either})" if either else "", *(term.query for term in excluded)])


def _groups(terms: Sequence[_Term]) -> list[str]:
    """What stands between each ``or``; at an end it is a word."""
    groups: list[list[str]] = [[]]
    count = 0
    for place, term in enumerate(terms):
        if term.query == "or" and 0 < place < len(terms) - 1:
            groups.append([])
            continue
        count += len(term.words)
        if count > MOST_WORDS and any(groups):
            break
        groups[-1].append(_plain(term.query))
    return [" & ".join(group) for group in groups if group]


def _plain(query: str) -> str:
    return "'or'" if query == "or" else query


def _term(match: re.Match[str], *, is_last: bool) -> _Term:
    phrase = match["phrase"]
    if phrase is not None:
        *before, last = [compound(chunk) for chunk in phrase.split()] or [compound("")]
        words = [word for each in before for word in each.words] + list(last.asked)
        query = _follow(words)
        if words and match["dash"]:
            return _Term(words, f"!({query})", excludes=True)
        return _Term(words, query)
    text = match["text"]
    if PLAIN.fullmatch(text) and (text[1:].isalpha() or text == text.lower()):
        found = compound(text)
        if found.words:
            return _Term(found.words, _without(text), excludes=True)
    return _of_text(text, is_last=is_last)


def _without(text: str) -> str:
    """What is written with the dash itself, as in a command, is not excluded."""
    found = compound(text)
    words = " & ".join(map(_quoted, found.asked))
    return f"(!({words}) | {_quoted(found.dashed)})"


def _of_text(text: str, *, is_last: bool) -> _Term:
    """A compound as a whole or as its words, one after the other."""
    found = compound(text)
    words = found.asked[:MOST_WORDS]
    if not words:
        return _Term((), "")
    if text.lower() == "or" and not is_last:
        return _Term(words, "or")
    if found.is_unspaced:
        *first, last = words
        lone = is_last or len(last) == 1
        return _Term(words, " & ".join([*map(_quoted, first), _quoted(last) + ":*" * lone]))
    goes_on = is_last and len(words[-1]) >= SHORTEST_BEGINNING
    beginning = ":*" * goes_on
    followed = _follow(words) + beginning
    whole = f"{_quoted(found.joined)}{beginning} | " if found.joined else ""
    return _Term(words, f"({whole}{followed})")


def _follow(words: Sequence[str]) -> str:
    return " <-> ".join(map(_quoted, words[:MOST_WORDS]))


def _quoted(word: str) -> str:
    return f"'{word}'"
