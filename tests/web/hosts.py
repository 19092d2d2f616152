"""A site that has the widget: pages on another host than the desk's, with a policy of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

# Not of the same site as 127.0.0.1.
HOST = "localhost"
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/shop.css">
<script type="module" src="{desk}/widget.js?lang=en"></script></head>
<body><main><h1>A shop</h1><p><a href="/">Kettles</a></p></main></body></html>
"""
# As strict as a site can be, and as rude.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src {desk}; frame-src {desk}; "
    "require-trusted-types-for 'script'"
)
SHEET = """
* { display: none !important; color: red !important; font-size: 3px !important; }
html, head, body, main, h1, p, a { display: block !important; }
button, iframe, desk-support { display: none !important; visibility: hidden !important;
  opacity: 0 !important; transform: scale(0) !important; pointer-events: none !important; }
"""


@asynccontextmanager
async def a_site(port: int, desk: str) -> AsyncIterator[str]:
    """Its address."""

    async def show(_: web.Request) -> web.Response:
        headers = {"Content-Security-Policy": POLICY.format(desk=desk)}
        return web.Response(text=PAGE.format(desk=desk), content_type="text/html", headers=headers)

    async def sheet(_: web.Request) -> web.Response:
        return web.Response(text=SHEET, content_type="text/css")

    async def nothing(_: web.Request) -> web.Response:
        return web.Response(status=204)

    app = web.Application()
    app.router.add_get("/", show)
    app.router.add_get("/shop.css", sheet)
    app.router.add_get("/favicon.ico", nothing)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, HOST, port).start()
    try:
        yield f"http://{HOST}:{port}"
    finally:
        await runner.cleanup()
