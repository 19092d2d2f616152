"""Takes a file that comes in: into the store, measured on its way."""

import hashlib
from collections.abc import AsyncIterator
from uuid import UUID

from aiohttp import web

from desk.errors import Invalid
from desk.files.content_types import sniffed
from desk.files.file_names import clean_name
from desk.files.picture_sizes import HEADER, picture_size
from desk.tickets import attachments
from desk.tickets.attachments import Stored
from server.http.guard import ACTOR, limit
from server.limits import shared
from server.services import SERVICES
from server.transport.uploads import IncomingFile

MEGABYTE = 1024 * 1024


async def limit_upload(request: web.Request) -> None:
    actor = request[ACTOR]
    limited = shared.UPLOAD_STAFF if actor.is_staff else shared.UPLOAD
    await limit(request, limited, str(actor.id))


async def stored_file(
    request: web.Request, ticket_id: UUID, incoming: IncomingFile
) -> tuple[UUID, Stored]:
    """The id of the file, which is in the store now, and what it is.

    Raises `NotFound`, `Conflict` (``ticket_closed``), `Invalid` for an empty one, and 413.
    """
    services = request.app[SERVICES]
    file_id = await services.desk.run(attachments.begin, request[ACTOR], ticket_id)
    measure = Measure(services.settings.attachment_max_mb * MEGABYTE)
    await services.files.put(file_id, measure.passed(incoming.chunks))
    return file_id, measure.stored(clean_name(incoming.name))


def is_scanned(request: web.Request) -> bool:
    """Whether files are scanned before anybody may have them."""
    return bool(request.app[SERVICES].settings.clamd_url)


class Measure:
    """Looks at the bytes of a file as they pass."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._size = 0
        self._head = bytearray()
        self._digest = hashlib.sha256()

    async def passed(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            self._size += len(chunk)
            if self._size > self._longest:
                raise web.HTTPRequestEntityTooLarge(self._longest, self._size)
            self._digest.update(chunk)
            self._head += chunk[: HEADER - len(self._head)]
            yield chunk
        if not self._size:
            raise Invalid("invalid", "The file is empty", pointer="")

    def stored(self, name: str) -> Stored:
        head = bytes(self._head)
        kind = sniffed(head)
        picture = picture_size(kind, head)
        digest = self._digest.hexdigest()
        return Stored(name=name, size=self._size, type=kind, sha256=digest, picture=picture)
