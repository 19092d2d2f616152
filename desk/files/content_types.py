"""What a file is, by its first bytes: names and senders say what they like."""

import re
from codecs import BOM_UTF8

import filetype

# Looked at, from the beginning of a file.
SNIFFED = 8 * 1024
TEXT = "text/plain"
UNKNOWN = "application/octet-stream"
# What a browser may show as it stands: it runs no script, whatever is in it.
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
SHOWN = PICTURES | {TEXT}
# Text that programs make something else of. Markup may begin with comments and declarations.
MARKED = (
    (re.compile(rb"\A\s*%PDF-"), "application/pdf"),
    (re.compile(rb"\A\s*\{\\rtf"), "application/rtf"),
    (re.compile(rb"(?is)\A\s*<(?:.*<)?svg[\s>]"), "image/svg+xml"),
    (
        re.compile(rb"(?is)\A\s*<(?:.*<)?(?:!doctype\s+html|html|head|body|script|iframe|img)\b"),
        "text/html",
    ),
    (re.compile(rb"\A\s*<\?xml\b"), "application/xml"),
)
# Those that no text has. Its lines, tabs, form feeds and escapes may be there.
CONTROLS = frozenset(range(32)) - {0x09, 0x0A, 0x0C, 0x0D, 0x1B}
LONGEST_CHARACTER = 4


def sniffed(head: bytes) -> str:
    """The media type of what begins so."""
    head = head[:SNIFFED]
    if _is_text(head):  # First, as some signatures are two letters.
        text = head.removeprefix(BOM_UTF8)
        return next((kind for mark, kind in MARKED if mark.search(text)), TEXT)
    kind = filetype.guess(head)
    return kind.mime if kind else UNKNOWN


def _is_text(head: bytes) -> bool:
    """Whether it is UTF-8, but for a character that the end may have cut through."""
    if not CONTROLS.isdisjoint(head):
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        is_cut = error.reason == "unexpected end of data"
        return is_cut and len(head) - error.start < LONGEST_CHARACTER
    return True
