"""The pages' HTML: what the browser is told of them, and what it should fetch at once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from aiohttp import web

from server.release import ROOT
from server.services import SERVICES
from server.web import assets
from server.web.words import COOKIE, LANGUAGES, language, translator

SHELLS = Path(ROOT, "web", "shells")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "font-src 'self'; connect-src 'self'{sockets}; form-action 'self'; base-uri 'none'; "
    "frame-ancestors {ancestors}; require-trusted-types-for 'script'"
)
HOST = re.compile(r"[A-Za-z0-9.\-]+(:[0-9]+)?|\[[0-9A-Fa-f:]+\](:[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Shell:
    """A page. ``words``: the files that it reads its words from, first the common ones.

    ``early``: a module that runs before the others are there.
    """

    template: str
    entry: str
    sheets: tuple[str, ...]
    words: tuple[str, ...]
    early: str | None = None

    def urgent(self) -> tuple[str, ...]:
        return assets.modules(self.early) if self.early else ()

    def modules(self, language: str) -> tuple[str, ...]:
        """What else the browser should fetch at once."""
        words = (f"shared/words/{language}/{name}.js" for name in self.words)
        found = (*assets.modules(self.entry), *words)
        urgent = self.urgent()
        return tuple(path for path in found if path not in urgent)


DESK_SHEETS = ("frame", "list", "ticket", "composer", "overlays", "admin")
DESK = Shell(
    "desk.html",
    "desk/main.js",
    ("css/base.css", *(f"css/desk/{name}.css" for name in DESK_SHEETS)),
    ("common", "desk"),
    early="shared/start.js",
)


# Its address has no release in it: it has to come where another release answers, too.
COMPLETE, COMPLETE_PATH = "shared/complete.js", "/complete.js"


def add_pages(app: web.Application) -> None:
    app.router.add_get(COMPLETE_PATH, show_complete)
    app.router.add_get("/desk{rest:(/.*)?}", show_desk)


async def show_complete(request: web.Request) -> web.Response:
    return await assets.unversioned(request, COMPLETE)


async def show_desk(request: web.Request) -> web.Response:
    return page(request, DESK)


def page(
    request: web.Request,
    shell: Shell,
    values: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
    ancestors: str = "'none'",
) -> web.Response:
    """The page in the reader's language; it is never cached. ``ancestors``: who may frame it."""
    chosen, settings = language(request), request.app[SERVICES].settings
    html = _templates().get_template(shell.template)
    text = html.render(
        {
            "lang": chosen,
            "t": translator(chosen, *shell.words),
            "asset": assets.url,
            "complete": COMPLETE_PATH,
            "is_posted": request.method != "GET",
            "entry": shell.entry,
            "sheets": shell.sheets,
            "early": shell.early,
            "urgent": shell.urgent(),
            "modules": shell.modules(chosen),
            "sign_on": settings.oidc_name if settings.has_sign_on else None,
            "staff_have_passwords": settings.staff_have_passwords,
            **(values or {}),
        }
    )
    headers = {
        "Content-Security-Policy": POLICY.format(sockets=_sockets(request), ancestors=ancestors),
        "Cache-Control": "no-store",
        # Without any, a browser would not say of a form that it comes from us.
        "Referrer-Policy": "same-origin",
        "Vary": "Accept-Language, Cookie",
    }
    response = web.Response(text=text, status=status, content_type="text/html", headers=headers)
    if request.query.get("lang") in LANGUAGES:
        response.set_cookie(COOKIE, chosen, path="/", samesite="Lax")
    return response


def _sockets(request: web.Request) -> str:
    """Our own origin for websockets: not every browser takes it for 'self'."""
    public_url = request.app[SERVICES].settings.public_url
    public_host = public_url.partition("://")[2].partition("/")[0]
    host = public_host or request.host
    if not HOST.fullmatch(host):
        return ""
    return f" {'wss' if public_url.startswith('https:') else 'ws'}://{host}"


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(SHELLS),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
