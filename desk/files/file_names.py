"""What a file is called: the sender's name for it, as far as that is a name and nothing else."""

import re
import unicodedata

from desk.text import shows_something

LONGEST_NAME = 200
LONGEST_ENDING = 20
NAMELESS = "file"
# Whatever system it is from, what stands before these is a folder.
FOLDERS = re.compile(r"[/\\]")
# What systems do not take in a name.
REFUSED = re.compile(r'[<>:"|?*]')
SPACES = re.compile(r"\s+")


def clean_name(given: str | None) -> str:
    """Never refused: what is no name is called `NAMELESS`; a long one keeps its ending."""
    name = FOLDERS.split(given or "")[-1].encode(errors="replace").decode()
    name = unicodedata.normalize("NFC", name[: 4 * LONGEST_NAME])
    # What is not shown, or shows the rest in another order, goes with the spaces.
    shown = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in name)
    name = SPACES.sub(" ", REFUSED.sub("_", shown)).strip(" .")
    if not shows_something(name):
        return NAMELESS
    stem, ending = _parted(name)
    return stem[: LONGEST_NAME - len(ending)] + ending


def cut_to_bytes(name: str) -> str:
    """For systems that count the bytes of a name: as many of those at most as of characters."""
    stem, ending = _parted(name)
    cut = stem.encode()[: LONGEST_NAME - len(ending.encode())]
    return cut.decode(errors="ignore") + ending  # Of the last character perhaps some is there.


def _parted(name: str) -> tuple[str, str]:
    """What may be cut, and the ending that stays."""
    stem, dot, ending = name.rpartition(".")
    return (stem, dot + ending) if stem and len(ending) <= LONGEST_ENDING else (name, "")
