"""A form with files, as a page without scripts sends it: each file is stored as it comes."""

from uuid import UUID

from aiohttp import BodyPartReader, web

from desk.errors import Invalid, Malformed
from desk.tickets import attachments
from server.http.guard import ACTOR
from server.http.input import LONGEST_BODY
from server.http.uploads import is_scanned, limit_upload, stored_file
from server.services import SERVICES
from server.transport.uploads import FORM, IncomingFile, file_name, part_chunks, parts
from server.web.forms import MOST_FIELDS, fields
from server.web.session import refuse_other_pages


async def fields_and_files(
    request: web.Request, ticket_id: UUID, most: int = MOST_FIELDS
) -> tuple[dict[str, str], list[UUID]]:
    """The fields of a form, as `fields`, and the ids of what was uploaded with it to a ticket."""
    if request.content_type != FORM:
        return await fields(request, LONGEST_BODY, most), []
    refuse_other_pages(request)
    sent: dict[str, str] = {}
    uploaded: list[UUID] = []
    async for part in parts(request):
        name = file_name(part)
        if name is None:
            if len(sent) == most:
                raise Malformed("invalid_body", "The form cannot be read")
            sent[file_name(part, "name") or ""] = await _text(part)
        elif name:  # Where none was chosen, browsers send one without a name.
            if len(uploaded) == attachments.MOST:
                raise Invalid("too_many_files", f"At most {attachments.MOST} files")
            uploaded.append(await _uploaded(request, ticket_id, part))
    return sent, uploaded


async def _text(part: BodyPartReader) -> str:
    text = bytearray()
    async for chunk in part_chunks(part):
        text += chunk
        if len(text) > LONGEST_BODY:
            raise web.HTTPRequestEntityTooLarge(LONGEST_BODY, len(text))
    try:
        return text.decode().replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise Malformed("invalid_body", "The form cannot be read") from None


async def _uploaded(request: web.Request, ticket_id: UUID, part: BodyPartReader) -> UUID:
    await limit_upload(request)
    incoming = IncomingFile(file_name(part), part_chunks(part))
    file_id, stored = await stored_file(request, ticket_id, incoming)
    desk, actor = request.app[SERVICES].desk, request[ACTOR]
    added = await desk.run(
        attachments.add, actor, ticket_id, file_id, stored, is_scanned=is_scanned(request)
    )
    return added.id
