"""The file in a request's body, as it comes: never whole in memory."""

import asyncio
import warnings
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import NoReturn

from aiohttp import (
    BodyPartReader,
    content_disposition_filename,
    parse_content_disposition,
    web,
)
from aiohttp.http import HttpProcessingError

from desk.errors import Invalid, Malformed

FORM = "multipart/form-data"
CHUNK = 64 * 1024
# Whoever sends nothing for so long has gone.
SILENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """``name``: as the sender calls it."""

    name: str | None
    chunks: AsyncIterator[bytes]


async def incoming_file(request: web.Request) -> IncomingFile:
    """The body itself, named by its ``Content-Disposition``; or the first file of a form.

    Raises `Malformed`, `Invalid`.
    """
    if request.content_type == FORM:
        part = await _first_file(request)
        return IncomingFile(file_name(part), part_chunks(part))
    return IncomingFile(file_name(request), _body_chunks(request))


def file_name(sent: web.Request | BodyPartReader, parameter: str = "filename") -> str | None:
    """What a body or a part of a form is called by its ``Content-Disposition``, if it is.

    aiohttp would warn of what is written wrongly, and quote it in the log.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        _, said = parse_content_disposition(sent.headers.get("Content-Disposition"))
    return content_disposition_filename(said, parameter)


async def _first_file(request: web.Request) -> BodyPartReader:
    async for part in parts(request):
        if file_name(part) is not None:
            return part
        break
    raise Invalid("invalid", "Send the file as the first part of the form", pointer="/file")


async def parts(request: web.Request) -> AsyncIterator[BodyPartReader]:
    """The parts of a form; what was not read of one is passed over. Raises `Malformed`."""
    reader = None
    while True:
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                reader = reader or await request.multipart()
                part = await reader.next()
        except BROKEN:
            _cut_off()
        if part is None:
            return
        if not isinstance(part, BodyPartReader):  # A form within a form.
            _cut_off()
        yield part


async def _body_chunks(request: web.Request) -> AsyncIterator[bytes]:
    while True:
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                chunk = await request.content.read(CHUNK)
        except BROKEN:
            _cut_off()
        if not chunk:
            return
        yield chunk


async def part_chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    """The bytes of a part of a form. Raises `Malformed` if they break off."""
    while True:
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                chunk = await part.read_chunk(CHUNK)
        except BROKEN:
            _cut_off()
        if not chunk:
            return
        yield bytes(chunk)


# What aiohttp raises of a body that ends too soon, or is no form, or whose parts have bad headers.
BROKEN = (
    web.RequestPayloadError,
    HttpProcessingError,
    ConnectionError,
    TimeoutError,
    ValueError,
    AssertionError,
)


def _cut_off() -> NoReturn:
    raise Malformed("invalid_body", "The body cannot be read") from None
