"""The contract for machines and people: OpenAPI, AsyncAPI, and the pages that show it."""

from aiohttp import web

from server import asyncapi, keys, openapi
from server.routes import ROUTES
from server.routing import PREFIX
from wire.codec import encode


def add_docs(app: web.Application) -> None:
    _add_document(app, f"{PREFIX}/openapi.json", openapi.document(ROUTES))
    _add_document(app, "/asyncapi.json", asyncapi.document(app[keys.settings].base_url))


def _add_document(app: web.Application, path: str, made: object) -> None:
    """Served as it was generated, once, when the process started."""
    body = encode(made)

    async def show(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    app.router.add_get(path, show)
