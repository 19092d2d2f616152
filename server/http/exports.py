"""Gives out all that the desk has of a person, as a ZIP file of JSON and of their files."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from aiohttp import web

from desk import exports
from desk.access import Actor, Audience
from desk.errors import DeskError
from desk.files.file_names import clean_name, cut_to_bytes
from desk.tickets import timeline
from desk.tickets.views import TicketView
from models import Attachment
from server.http.archives import Archive
from server.services import SERVICES, Services
from wire.codec import encode
from wire.shapes import timeline_event

PATH = "/exports"
MEDIA = "application/zip"
# Events that are read at a time.
PAGE = 500
FIRST = UUID(int=0)


def address(user_id: UUID) -> str:
    """Where a browser gets it, by a token in the query."""
    return f"{PATH}/{user_id}"


async def export_response(request: web.Request, actor: Actor, user_id: UUID) -> web.StreamResponse:
    """The whole of it; a reader that is gone, or an error on the way, ends it without its end."""
    services = request.app[SERVICES]
    profile = await services.desk.run(exports.begin, actor, user_id)
    named = {"Content-Disposition": f'attachment; filename="person-{user_id}.zip"'}
    response = web.StreamResponse(headers={"Content-Type": MEDIA, "Cache-Control": "no-store"})
    response.headers.update(named)
    await response.prepare(request)
    archive = Archive(response)
    try:
        await archive.add("profile.json", _once(encode(profile)))
        await _add_all(archive, services, user_id)
        await archive.end()
    except ConnectionError:
        pass  # The reader has gone.
    except DeskError:
        # What was sent cannot be taken back: the reader sees that the rest is missing.
        if request.transport is not None:
            request.transport.abort()
    return response


async def _add_all(archive: Archive, services: Services, user_id: UUID) -> None:
    desk = services.desk
    await archive.add("sessions.json", _once(encode(await desk.read(exports.sessions, user_id))))
    missing: list[str] = []
    after = FIRST
    while (ticket := await desk.read(exports.next_ticket, user_id, after)) is not None:
        after = ticket.id
        await archive.add(f"tickets/{ticket.number}.json", _ticket(services, ticket))
        missing += await _add_files(archive, services, ticket)
    if missing:
        await archive.add("missing_files.json", _once(encode(missing)))


async def _add_files(archive: Archive, services: Services, ticket: TicketView) -> Sequence[str]:
    """Returns the names of those whose bytes are not there."""
    missing = []
    for number, file in enumerate(await services.desk.read(exports.files, ticket.id), 1):
        called = cut_to_bytes(f"{number}-{clean_name(file.name)}")
        name = f"attachments/{ticket.number}/{called}"
        chunks = await _opened(services, file)
        if chunks is None:
            missing.append(name)
        else:
            await archive.add(name, chunks)
    return missing


async def _opened(services: Services, file: Attachment) -> AsyncIterator[bytes] | None:
    """Its bytes, of which the first are read by now; None if there are none."""
    chunks = services.files.read(file.file_id, 0, file.size)
    try:
        first = await anext(chunks, b"")
    except FileNotFoundError:
        return None
    return _with(first, chunks)


async def _with(first: bytes, others: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in others:
        yield chunk


async def _once(whole: bytes) -> AsyncIterator[bytes]:
    yield whole


async def _ticket(services: Services, ticket: TicketView) -> AsyncIterator[bytes]:
    """The ticket with its timeline, as its customer sees both."""
    yield b'{"ticket":' + encode(ticket) + b',"timeline":['
    seq, between = 0, b""
    while events := await services.desk.read(
        timeline.after, ticket.id, seq, PAGE, Audience.CUSTOMER
    ):
        shown = [timeline_event(event, Audience.CUSTOMER) for event in events]
        yield between + b",".join(encode(event) for event in shown)
        seq, between = shown[-1].seq, b","
    yield b"]}"
