"""The page behind the link in mails: asks, then ends the mails. No login, outside ``/api/v1``.

Programs that read mails follow links; so only a POST does it: that of the page's form, or that of
a mail reader's own button (RFC 8058, ``List-Unsubscribe-Post``).
"""

from html import escape
from uuid import UUID

from aiohttp import web

from desk.accounts import accounts
from server.services import SERVICES
from wire import unsubscribe

PATH = unsubscribe.PATH
PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Mails about your tickets</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="static/pages/mails.css"></head>
<body><main><h1>Mails about your tickets</h1><p>{text}</p>{form}</main></body>
</html>
"""
FORM = '<form method="post" action="{action}"><button>Send me no more mails</button></form>'
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


async def ask(request: web.Request) -> web.Response:
    if _person(request) is None:
        return _no_link_of_ours()
    form = FORM.format(action=escape(str(request.rel_url)))
    return _page("Do you want no more mails about your tickets?", form)


async def end(request: web.Request) -> web.Response:
    if (person := _person(request)) is None:
        return _no_link_of_ours()
    await request.app[SERVICES].desk.run(accounts.end_mails, person)
    return _page("You get no more mails about your tickets.")


def _person(request: web.Request) -> UUID | None:
    settings = request.app[SERVICES].settings
    token = request.query.get("token", "")
    return unsubscribe.reader(settings.secrets, token)


def _no_link_of_ours() -> web.Response:
    return _page("This link is not complete. Please use it as it stands in the mail.", status=400)


def _page(text: str, form: str = "", status: int = 200) -> web.Response:
    html = PAGE.format(text=text, form=form)
    return web.Response(text=html, status=status, content_type="text/html", headers=HEADERS)
