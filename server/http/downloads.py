"""Gives out a file: whole, in part, or not again; as nothing that could run in our name."""

from urllib.parse import quote
from uuid import UUID

from aiohttp import web

from desk.errors import OutOfRange, Unavailable
from desk.files.content_types import SHOWN, TEXT, UNKNOWN
from models import Attachment
from server.http.tags import tags_of
from server.services import SERVICES

PATH = "/attachments"
# What is shown by itself gets no script, no form, no other file, and no origin.
POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"


def address(attachment_id: UUID) -> str:
    """Where a browser gets a file: by its cookie, or by a token in the query."""
    return f"{PATH}/{attachment_id}"


async def file_response(request: web.Request, file: Attachment) -> web.StreamResponse:
    """The file, or the one range of it that was asked for; 304 where the caller has it."""
    tag = f'"{file.sha256.hex()}"'
    if {*tags_of(request, "If-None-Match")} & {tag, "*"}:
        return web.Response(status=304, headers={"ETag": tag})
    part = _asked(request, file.size, tag)
    start, end = part or (0, file.size)
    headers = _headers(file) | {"ETag": tag, "Content-Length": str(end - start)}
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    response = web.StreamResponse(status=206 if part else 200, headers=headers)
    if request.method == "HEAD":
        await response.prepare(request)
        return response
    try:
        async for chunk in request.app[SERVICES].files.read(file.file_id, start, end):
            if not response.prepared:  # By now it is known to be there.
                await response.prepare(request)
            await response.write(chunk)
        await response.write_eof()
    except ConnectionError:
        pass  # The reader has gone.
    except Unavailable:
        if not response.prepared:
            raise
        # What was sent cannot be taken back: the reader sees that the rest is missing.
        if request.transport is not None:
            request.transport.abort()
    return response


def _headers(file: Attachment) -> dict[str, str]:
    is_shown = file.type in SHOWN
    kind = file.type if is_shown else UNKNOWN
    ascii_name = "".join(c if c.isalnum() or c in "-. _" else "_" for c in _ascii(file.name))
    return {
        "Accept-Ranges": "bytes",
        "Content-Type": f"{TEXT}; charset=utf-8" if kind == TEXT else kind,
        "Content-Security-Policy": POLICY,
        # As RFC 6266 has it: for whoever does not read the second, the first.
        "Content-Disposition": f"{'inline' if is_shown else 'attachment'}; "
        f"filename=\"{ascii_name}\"; filename*=UTF-8''{quote(file.name, safe='')}",
    }


def _ascii(name: str) -> str:
    return name.encode("ascii", "replace").decode()


def _asked(request: web.Request, size: int, tag: str) -> tuple[int, int] | None:
    """From where to before where; None for all of it, and for several parts at once."""
    header = request.headers.get("Range", "")
    wanted = request.headers.get("If-Range", tag)
    if not header.startswith("bytes=") or "," in header or wanted != tag:
        return None
    try:
        asked = request.http_range
    except ValueError:
        return None  # RFC 9110: what is no range is passed over.
    start, end, _ = slice(asked.start, asked.stop).indices(size)
    if start >= end:
        beyond = OutOfRange("range_not_satisfiable", "The file is shorter than that")
        beyond.headers["Content-Range"] = f"bytes */{size}"
        raise beyond
    return start, end
