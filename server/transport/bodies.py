"""Bodies of requests, read whole and within a bound."""

from aiohttp import web

from desk.errors import Malformed


async def whole_body(request: web.Request, longest: int) -> bytes:
    """The body, read once; `Malformed` if it cannot be read to its end."""
    # What says that it is too long is not waited for.
    if (request.content_length or 0) > longest:
        raise _too_long(request, longest)
    body = bytearray()
    try:
        while chunk := await request.content.readany():
            body += chunk
            if len(body) > longest:
                raise _too_long(request, longest)
        return bytes(body)
    except (web.RequestPayloadError, ConnectionError) as error:
        # Cut off.
        raise Malformed("invalid_body", "The body cannot be read") from error


def _too_long(request: web.Request, longest: int) -> web.HTTPException:
    return web.HTTPRequestEntityTooLarge(longest, request.content_length or longest + 1)
