"""Long JSON answers are compressed where the client takes that, but none that lets somebody in.

Who can have their own words put into an answer beside a secret, and sees how long it is compressed,
guesses the secret letter by letter (BREACH).
"""

import asyncio
import zlib

from aiohttp import web

from server.http.accepts import weighed

# In bytes: a shorter answer fits into one packet as it is.
SHORTEST = 1024
# A page of a hundred tickets takes 0.7 ms; the next levels take two and three times that for a
# tenth less.
LEVEL = 1
# In bytes: what takes longer than that does not hold up the others.
AT_ONCE = 64 * 1024
GZIP_WINDOW = 31
VARY = "Accept-Encoding"


def takes_gzip(request: web.Request) -> bool:
    if not (header := ",".join(request.headers.getall("Accept-Encoding", ()))):
        return False
    qualities = (quality for name, quality in weighed(header) if name in ("gzip", "x-gzip"))
    return next(qualities, 0.0) > 0


def gzipped(body: bytes, level: int = LEVEL) -> bytes:
    compressor = zlib.compressobj(level, zlib.DEFLATED, GZIP_WINDOW)
    return compressor.compress(body) + compressor.flush()


async def compress(request: web.Request, response: web.StreamResponse) -> None:
    """Compresses an answer that is long enough. What must not be stored stays as it is."""
    if response.status == web.HTTPNotModified.status_code:
        response.headers.add("Vary", VARY)
        return
    if not _is_long_json(response) or response.headers.get("Cache-Control") == "no-store":
        return
    assert isinstance(response, web.Response)
    body = response.body
    assert isinstance(body, bytes)
    response.headers.add("Vary", VARY)
    if not takes_gzip(request):
        return
    if len(body) > AT_ONCE:
        response.body = await asyncio.to_thread(gzipped, body)
    else:
        response.body = gzipped(body)
    response.headers["Content-Encoding"] = "gzip"
    if tag := response.headers.get("ETag"):
        # Other bytes than those of the plain answer. Who sends it back is understood.
        response.headers["ETag"] = f'{tag[:-1]}-gzip"'


def _is_long_json(response: web.StreamResponse) -> bool:
    return (
        isinstance(response, web.Response)
        and response.content_type == "application/json"
        and isinstance(response.body, bytes)
        and len(response.body) >= SHORTEST
    )
