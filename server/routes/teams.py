"""Teams: admins make them, all of the staff read them."""

from collections.abc import Sequence
from uuid import UUID

from aiohttp import web
from pydantic import MISSING, Field

from desk.assignment import fairness, teams
from server.clock import now
from server.http.audited import audited, fields_of
from server.http.contract import KEYED, NOTHING, PREFIX, TOTAL, At, Right, done, listed, made, ok
from server.http.idempotency import once
from server.http.input import LONGEST_BODY, Paged, Query, body, id_after, no_body, path_id, query
from server.http.output import counted, page_of, reply
from server.services import SERVICES


async def list_teams(request: web.Request) -> web.Response:
    return await _listed(request)


async def read_teams(request: web.Request) -> web.Response:
    """As admins list them."""
    return await _listed(request)


async def _listed(request: web.Request) -> web.Response:
    params = query(request, Paged)
    page = await request.app[SERVICES].desk.read(
        teams.teams, limit=params.limit + 1, after=id_after(params.cursor)
    )
    total = await counted(request, params, teams.count)
    return page_of(request, page, params.limit, lambda team: (team.id,), total)


async def add(request: web.Request) -> web.Response:
    new = await body(request, teams.NewTeam, LONGEST_BODY)

    def write(team: teams.TeamShown) -> web.Response:
        return reply(team, 201, {"Location": f"{PREFIX}/admin/teams/{team.id}"})

    said = {"members": _named(new.members)}
    add = audited(request, teams.add, "team_added", "team", data=said)
    return await once(request, new, write, add, new)


async def show(request: web.Request) -> web.Response:
    query(request, Query)
    return reply(await request.app[SERVICES].desk.read(teams.show, _team_id(request)))


async def report_fairness(request: web.Request) -> web.Response:
    """Of the present members, over the last days. ``given`` is what the desk itself gave them;
    ``fair_share`` what it would have been had each ticket been shared by all who had room.
    """
    days = query(request, Days).days
    return reply(
        await request.app[SERVICES].desk.read(fairness.report, _team_id(request), days, now())
    )


async def change(request: web.Request) -> web.Response:
    changed = await body(request, teams.TeamChange, LONGEST_BODY)
    team_id, said = _team_id(request), fields_of(changed)
    if changed.members is not MISSING:
        said["members"] = _named(changed.members)
    change = audited(request, teams.change, "team_changed", "team", team_id, said)
    return reply(await request.app[SERVICES].desk.run(change, team_id, changed))


async def remove(request: web.Request) -> web.Response:
    await no_body(request)
    team_id = _team_id(request)
    remove = audited(request, teams.remove, "team_removed", "team", team_id)
    await request.app[SERVICES].desk.run(remove, team_id)
    return web.Response(status=204)


def _named(members: Sequence[UUID]) -> list[str]:
    return [str(user_id) for user_id in members]


class Days(Query):
    days: int = Field(7, ge=1, le=92)


def _team_id(request: web.Request) -> UUID:
    return path_id(request, "team_id", "Team")


WRITES = ("409 team_name_taken", "422 not_staff")
LISTED = listed(teams.TeamShown, TOTAL, names="team_id")
ROUTES = (
    At("GET", "/csr/teams", read_teams, Right.STAFF).says(
        "List the teams, the oldest first", Paged, listed(teams.TeamShown, TOTAL), refuses=()
    ),
    At("GET", "/admin/teams", list_teams, Right.ADMIN).says(
        "List the teams, the oldest first", Paged, LISTED, refuses=()
    ),
    At("POST", "/admin/teams", add, Right.ADMIN).says(
        "Make a team, with a queue of its own",
        teams.NewTeam,
        made(teams.TeamShown, names="team_id"),
        refuses=(*WRITES, "409 too_many_teams", *KEYED),
    ),
    At("GET", "/admin/teams/{team_id}", show, Right.ADMIN).says(
        "Show a team", NOTHING, ok(teams.TeamShown), refuses=()
    ),
    At("GET", "/admin/teams/{team_id}/fairness", report_fairness, Right.ADMIN).says(
        "Report how tickets were shared out in a team",
        Days,
        ok(list[fairness.Share]),
        refuses=(),
    ),
    At("PATCH", "/admin/teams/{team_id}", change, Right.ADMIN).says(
        "Change a team, or who is in it", teams.TeamChange, ok(teams.TeamShown), refuses=WRITES
    ),
    At("DELETE", "/admin/teams/{team_id}", remove, Right.ADMIN).says(
        "Remove a team that has no tickets", NOTHING, done(), refuses=("409 team_in_use",)
    ),
)
