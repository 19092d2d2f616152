"""The page behind the links in the mail about a resolution: it asks, and only its form stores.

Programs that read mails follow links; so what a link chooses is only shown. No login: the token in
the path is good for one ticket and this page alone.
"""

from uuid import UUID

from aiohttp import web
from pydantic import ValidationError

from desk.errors import Conflict, DeskError, NotFound
from desk.tickets import ratings
from desk.tickets.ratings import Rate, RatingShown
from server.http.guard import ACTOR, limit
from server.http.input import validated
from server.limits import shared
from server.routes.ratings import require_asked
from server.services import SERVICES
from server.web.customer import own_ticket
from server.web.forms import fields, form_page, form_shell, problem_page, see_other
from server.web.reader import for_readers
from wire import rating_links

PAGE = form_shell("rate.html")
GONE = 410


def add_rating_page(app: web.Application) -> None:
    path = f"{rating_links.PATH}/{{token}}"
    app.router.add_get(path, ask)
    app.router.add_post(path, store)
    app.router.add_post("/tickets/{number}/rating", for_readers(store_own))


async def ask(request: web.Request) -> web.Response:
    """With the score of the link chosen, or the one that was given before."""
    try:
        rating = await _rating(request)
    except DeskError as error:
        return _over(request, error)
    # Not what was written then: whoever holds the link may be somebody else.
    return _page(request, {"score": request.query.get("score") or str(rating.score or "")})


async def store(request: web.Request) -> web.Response:
    sent: dict[str, str] = {}
    try:
        sent = await fields(request)
        await limit(request, shared.POST, request.app[SERVICES].limits.address(request))
        ticket_id = _ticket_id(request)
        given = validated(Rate, rate_of(sent))
        await request.app[SERVICES].desk.run(ratings.rate_linked, ticket_id, given)
    except ValidationError as error:
        return _page(request, sent, error)
    except DeskError as error:
        return _over(request, error)
    return _page(request, sent, is_done=True)


async def store_own(request: web.Request) -> web.Response:
    """The form on the page of a ticket of one's own."""
    sent = await fields(request)
    require_asked(request)
    await limit(request, shared.POST, str(request[ACTOR].id))
    ticket_id = (await own_ticket(request)).id
    given = validated(Rate, rate_of(sent))
    await request.app[SERVICES].desk.run(ratings.rate, request[ACTOR], ticket_id, given, None)
    return see_other(f"/tickets/{request.match_info['number']}")


def rate_of(sent: dict[str, str]) -> dict[str, object]:
    """What a form says, as the rule has it."""
    score = sent.get("score", "")
    number = int(score) if score.isascii() and score.isdigit() and len(score) == 1 else None
    return {"score": number, "comment": sent.get("comment", "").strip() or None}


async def _rating(request: web.Request) -> RatingShown:
    ticket_id = _ticket_id(request)
    return await request.app[SERVICES].desk.read(ratings.show_linked, ticket_id)


def _ticket_id(request: web.Request) -> UUID:
    require_asked(request)
    secrets = request.app[SERVICES].settings.secrets
    ticket_id = rating_links.ticket_of(secrets, request.match_info["token"])
    if ticket_id is None:
        raise NotFound("no_such_link", "There is no such link")
    return ticket_id


def _over(request: web.Request, error: DeskError) -> web.Response:
    response = problem_page(request, error)
    if isinstance(error, Conflict):  # The link was good, and is not any more.
        response.set_status(GONE)
    return response


def _page(
    request: web.Request,
    given: dict[str, str],
    error: ValidationError | None = None,
    *,
    is_done: bool = False,
) -> web.Response:
    shown = {"score": given.get("score", ""), "comment": given.get("comment", "")}
    return form_page(request, PAGE, {**shown, "is_done": is_done}, error)
