"""The modules and styles of the pages, under a path that changes with them and is cached for ever.

Modules are served as they stand, line by line, but for the bare names of packages in their imports
(an import map would be inline script, which the pages' policy does not allow) and for our comments,
which are a fifth of what a first visit would fetch.
"""

import asyncio
import gzip
import posixpath
import re
from functools import cache
from typing import Literal

import brotli
from aiohttp import web

from server.http.accepts import weighed
from server.release import browser_files, release

PREFIX = "/assets"
PACKAGES = {
    "preact": "vendor/preact/preact.module.js",
    "preact/hooks": "vendor/preact/hooks.module.js",
    "htm": "vendor/htm/htm.module.js",
    "@preact/signals": "vendor/signals/signals.mjs",
    "@preact/signals-core": "vendor/signals-core/signals-core.mjs",
    "socket.io-client": "vendor/socket.io-client/socket.io.esm.min.js",
    "ticket-desk-client": "client/index.js",
}
TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    "": "text/plain",
}
FOR_EVER = "public, max-age=31536000, immutable"
SHORTLY = "public, max-age=600"
# `from "name"`, `import "name"`, `import("name")`.
IMPORT = re.compile(r"""(\bfrom\s*|\bimport\s*\(?\s*)(["'])([^"'\n]+)\2""")
STATIC = re.compile(r"""(?:\bfrom|\bimport)\s*(["'])([^"'\n]+)\1""")
# A comment that its line begins with.
COMMENT = re.compile(r"^[ \t]*(?:/\*(?:(?!\*/).)*\*/|//[^\n]*)", re.MULTILINE | re.DOTALL)

Coding = Literal["br", "gzip", "identity"]


def add_assets(app: web.Application) -> None:
    app.router.add_get(f"{PREFIX}/{{release}}/{{path:.+}}", show)


async def show(request: web.Request) -> web.Response:
    """A file of this release; another one's is not here, and not to be mixed with it."""
    path = request.match_info["path"]
    is_here = path in browser_files() and request.match_info["release"] == release()
    if not is_here or posixpath.splitext(path)[1] not in TYPES:
        raise web.HTTPNotFound
    return await _file(request, path, FOR_EVER)


async def unversioned(request: web.Request, path: str) -> web.Response:
    """A file at an address that stays the same from release to release."""
    return await _file(request, path, SHORTLY)


async def _file(request: web.Request, path: str, kept: str) -> web.Response:
    coding = accepted(request.headers.get("Accept-Encoding", ""))
    headers = {"Cache-Control": kept, "Vary": "Accept-Encoding"}
    if coding != "identity":
        headers["Content-Encoding"] = coding
    body = await asyncio.to_thread(encoded, path, coding)
    kind = TYPES[posixpath.splitext(path)[1]]
    return web.Response(body=body, content_type=kind, charset="utf-8", headers=headers)


def accepted(header: str) -> Coding:
    """The best coding that a client takes."""
    names = {name for name, quality in weighed(header) if quality > 0}
    if "br" in names:
        return "br"
    return "gzip" if "gzip" in names else "identity"


@cache
def encoded(path: str, coding: Coding) -> bytes:
    body = served(path)
    match coding:
        case "br":
            return bytes(brotli.compress(body, mode=brotli.MODE_TEXT))
        case "gzip":
            return gzip.compress(body, mtime=0)
    return body


@cache
def served(path: str) -> bytes:
    """A file as browsers get it."""
    content = browser_files()[path]
    if TYPES.get(posixpath.splitext(path)[1]) != TYPES[".js"]:
        return content
    folder = posixpath.dirname(path)

    def rewritten(found: re.Match[str]) -> str:
        before, quote, name = found.groups()
        if name in PACKAGES:
            name = posixpath.relpath(PACKAGES[name], folder)
            name = name if name.startswith(".") else f"./{name}"
        return f"{before}{quote}{name}{quote}"

    text = content.decode()
    if not path.startswith("vendor/"):
        text = COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text)
    return IMPORT.sub(rewritten, text).encode()


def url(path: str) -> str:
    """Where a file is; KeyError if there is none."""
    if path not in browser_files():
        raise KeyError(path)
    return f"{PREFIX}/{release()}/{path}"


@cache
def modules(entry: str) -> tuple[str, ...]:
    """The entry and all that it imports at once, directly or not."""
    found, waiting = [entry], [entry]
    while waiting:
        path = waiting.pop()
        for _, name in STATIC.findall(served(path).decode()):
            wanted = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
            # What else looks like an import stands in a text or a comment.
            if wanted in browser_files() and wanted not in found:
                found.append(wanted)
                waiting.append(wanted)
    return tuple(found)
