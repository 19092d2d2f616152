"""How text is cut into words for the search: documents and queries by the same rules.

Letters are compared without case, accents or forms of width. What stands between white space is a
compound: ``login/password`` is the words ``login`` and ``password``, and also ``loginpassword``,
at the place of the first. Where words are written without spaces, each pair of letters is a word.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

# In characters: of a longer word only the beginning counts.
LONGEST = 200
# In bytes, as PostgreSQL stores it: what one text may add to a document.
MOST_BYTES = 400_000
# PostgreSQL keeps no more places of a word, and none farther off.
MOST_PLACES, LAST_PLACE = 255, 16_383
# Of a word: its entry, and each of its places.
ENTRY_BYTES, PLACE_BYTES = 6, 2
# Chinese, Japanese, Korean; Thai, Lao, Burmese, Khmer.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)
RUN = re.compile(f"[{UNSPACED}]+|[^{UNSPACED}]+")
IS_UNSPACED = re.compile(f"[{UNSPACED}]")
# A dash that may be a flag's, or exclude a word.
DASHED = re.compile(r"-[^\W_]")
# Letters that Unicode does not take apart.
LETTERS = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i"}


class _Folding(dict[int, str | None]):
    """For `str.translate`: letters, digits and their marks stay; accents go; the rest separates."""

    def __missing__(self, code: int) -> str | None:
        category = unicodedata.category(chr(code))
        if 0x300 <= code <= 0x36F or category == "Cf":
            folded = None
        else:
            folded = chr(code) if category[0] in "LNM" else " "
        self[code] = folded
        return folded


FOLDING = _Folding({ord(letter): plain for letter, plain in LETTERS.items()})


class Compound(NamedTuple):
    """What stands between white space, in words."""

    words: tuple[str, ...]
    # All of it in one; empty if that is its only word.
    joined: str
    # With the dash in front of it, if there is one: what a search can tell from an exclusion.
    dashed: str
    # Of the words, those that are not the end of a run without spaces: what a search asks for.
    asked: tuple[str, ...]
    is_unspaced: bool


@lru_cache(maxsize=8_192)
def compound(text: str) -> Compound:
    found: list[str] = []
    asked: list[str] = []
    parts = _folded(text).split()
    for part in parts:
        for run in RUN.findall(part):
            cut = _pairs(run) if IS_UNSPACED.match(run) else [run[:LONGEST]]
            found += cut
            asked += cut[:-1] or cut
    is_unspaced = IS_UNSPACED.search(text) is not None
    joined = "".join(parts)[:LONGEST] if len(found) > 1 and not is_unspaced else ""
    dashed = f"-{found[0]}" if DASHED.match(text) and found else ""
    return Compound(tuple(found), joined, dashed, tuple(asked), is_unspaced)


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower().translate(FOLDING)
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", apart.translate(FOLDING))


def _pairs(run: str) -> list[str]:
    """Each letter with the next one, and the last alone: so every letter begins a word."""
    return [a + b for a, b in pairwise(run)] + [run[-1]]


def document(text: str, most: int = MOST_BYTES) -> str:
    """The words of a text with their places, as a tsvector is written; bounded in bytes."""
    places: dict[str, list[int]] = {}
    size = 0
    for word, place in _placed(text):
        known = places.get(word)
        if known is None:
            size += len(word.encode()) + ENTRY_BYTES
            known = places[word] = []
        if len(known) < MOST_PLACES:
            size += PLACE_BYTES
            known.append(min(place, LAST_PLACE))
        if size > most:
            break
    return " ".join(f"'{word}':{','.join(map(str, at))}" for word, at in places.items())


def _placed(text: str) -> Iterator[tuple[str, int]]:
    place = 1
    for chunk in text.split():
        found = compound(chunk) if len(chunk) <= LONGEST else compound.__wrapped__(chunk)
        for more in (found.joined, found.dashed):
            if more:
                yield more, place
        for word in found.words:
            yield word, place
            place += 1
