"""What a client knows already of what it asks for: ``If-Match`` and ``If-None-Match``."""

import re
from collections.abc import Set as AbstractSet

from aiohttp import web

# A version, and of a ticket after dots what else of it may change.
TAG = re.compile(r'"(\d{1,18})(?:\.[\da-f]{1,18}){0,2}"')
# What compressing proxies, and we ourselves, add to a tag, inside of its quotes.
CODING = re.compile(r'[-;](?:gzip|deflate|br|zstd)"$')


def tags_of(request: web.Request, header: str) -> list[str]:
    """The tags in a header, as we gave them out: not weak, and without what a proxy has added."""
    tags = ",".join(request.headers.getall(header, ())).split(",")
    return [CODING.sub('"', tag.strip().removeprefix("W/")) for tag in tags]


def expected_versions(request: web.Request) -> AbstractSet[int] | None:
    """The versions that ``If-Match`` accepts; None for any.

    By RFC 9110 a weak tag matches nothing. But ours tells a version exactly, and one that came
    back weak is what a compressing proxy has made of it.
    """
    tags = tags_of(request, "If-Match")
    if not any(tags) or tags == ["*"]:
        return None
    matches = map(TAG.fullmatch, tags)
    return {int(match[1]) for match in matches if match}
