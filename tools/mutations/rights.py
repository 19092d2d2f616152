"""Who may do what, and with which token."""

import re

from tools.mutations import ROOT, Mutation

TOKENS = "tests/server/test_tokens.py"
OF_THE_CONTRACT = (
    "tests/server/test_rights.py::test_a_route_has_the_right_that_the_contract_gives_it"
)


def of_routes() -> list[Mutation]:
    """Each route, open to one rank more than it should be."""
    found = []
    wider = {"ADMIN": "STAFF", "STAFF": "PERSON", "VIEWER": "ANYONE", "OWNER": "ANYONE"}
    wider |= {"PERSON": "ANYONE"}
    for path in sorted((ROOT / "server" / "routes").glob("*.py")):
        line = re.compile(r'At\(\s*"(\w+)",\s*"([^"]+)",\s*(\w+),\s*Right\.(\w+)\b')
        for match in line.finditer(path.read_text()):
            method, address, _, right = match.groups()
            if right in wider:
                after = match[0].replace(f"Right.{right}", f"Right.{wider[right]}")
                name = f"{method} {address}: {right} → {wider[right]}"
                file = str(path.relative_to(ROOT))
                found.append(Mutation(name, file, match[0], after, (OF_THE_CONTRACT,)))
    return found


CHECKS = [
    Mutation(
        "guarded(): nobody is asked who they are",
        "server/http/guard.py",
        "if route.right is not Right.ANYONE:",
        "if False:",
    ),
    Mutation(
        "visible(): customers see every ticket",
        "desk/access.py",
        "true() if audience is Audience.STAFF else owned_by(me)",
        "true()",
    ),
    Mutation(
        "owned_by(): what one is on copy of is not one's own",
        "desk/access.py",
        "or_(ticket.user_id == me, me == any_(ticket.participant_ids))",
        "ticket.user_id == me",
        ("tests/desk/test_participants.py",),
    ),
    Mutation(
        "is_part_of_own(): whoever asks reads what was merged into anything",
        "desk/access.py",
        "target.id == Ticket.merged_into_id, owned_by(me, target)",
        "target.id == Ticket.merged_into_id",
        ("tests/desk/test_merges.py",),
    ),
    Mutation(
        "numbered(): customers read the staff's timeline",
        "desk/access.py",
        "event.seq if audience is Audience.STAFF else event.public_seq",
        "event.seq",
        ("tests/server/test_inbox_rights.py",),
    ),
    Mutation(
        "OWN: staff see others' tickets as their own",
        "server/routes/tickets.py",
        "ticket_shown(request, views.OWN)",
        "ticket_shown(request, views.VISIBLE)",
    ),
    Mutation(
        "admit(): staff",
        "server/http/guard.py",
        "right is Right.STAFF and not actor.is_staff",
        "False",
    ),
    Mutation(
        "admit(): admin",
        "server/http/guard.py",
        "right is Right.ADMIN and actor.role is not Role.ADMIN",
        "False",
    ),
    Mutation(
        "internal notes by customers",
        "desk/tickets/messages.py",
        "    if (new.internal or new.mentions) and not actor.is_staff:\n",
        "    if False:\n",
        ("tests/server/test_audit.py",),
    ),
    Mutation(
        "customers are told the cause",
        "wire/shapes.py",
        'if name != "cause"',
        "if True",
        ("tests/server/test_macros.py",),
    ),
    Mutation(
        "macros of others are seen",
        "desk/macros/macros.py",
        "Macro.id == macro_id, _visible(actor)",
        "Macro.id == macro_id",
        ("tests/desk/test_macros.py",),
    ),
    Mutation(
        "macros of others are written",
        "desk/macros/macros.py",
        "if actor.role is Role.ADMIN or scope is MacroScope.OWN:",
        "if True:",
        ("tests/desk/test_macros.py",),
    ),
    Mutation(
        "others' batches are undone",
        "desk/actions/undo.py",
        "if batch.actor_id != actor.id and actor.role is not Role.ADMIN:",
        "if False:",
        ("tests/desk/test_undo.py",),
    ),
    Mutation(
        "notifications of others: mark_read()",
        "desk/notifications/inbox.py",
        "Notification.id == notification_id, _shown_to(actor)",
        "Notification.id == notification_id",
        ("tests/server/test_inbox_rights.py",),
    ),
    Mutation(
        "notifications of others: inbox()",
        "desk/notifications/inbox.py",
        "select(*SHOWN).where(_shown_to(actor))",
        "select(*SHOWN)",
        ("tests/server/test_inbox_rights.py",),
    ),
    Mutation(
        "people whom customers may meet: met()",
        "desk/tickets/people.py",
        "    if not actor.is_staff:\n        own",
        "    if False:\n        own",
        ("tests/desk/test_people.py",),
    ),
    Mutation(
        "people of notes: _named()",
        "desk/tickets/people.py",
        "shown = (those, numbered(actor.audience).is_not(None))",
        "shown = (those,)",
        ("tests/desk/test_people.py",),
    ),
    Mutation(
        "many tickets, for who is signed out meanwhile",
        "server/routes/bulk.py",
        "actor = await _still(services, request[ACTOR])",
        "actor = request[ACTOR]",
        ("tests/server/test_bulk.py",),
    ),
    Mutation(
        "secrets are compressed",
        "server/http/compression.py",
        'or response.headers.get("Cache-Control") == "no-store"',
        "or False",
        ("tests/server/test_compression.py",),
    ),
    Mutation(
        "drafts of others",
        "desk/tickets/drafts.py",
        "        Draft.user_id == actor.id, Draft.ticket_id.in_(",
        "        Draft.user_id.is_not(None), Draft.ticket_id.in_(",
        ("tests/desk/test_drafts.py",),
    ),
    Mutation(
        "drafts on tickets of others",
        "desk/tickets/drafts.py",
        "select(Ticket.id).where(visible(actor))",
        "select(Ticket.id)",
        ("tests/desk/test_drafts.py",),
    ),
    Mutation(
        "who of the staff has read",
        "desk/tickets/reading.py",
        "        where ({people.IS_NAMED})\n",
        "        where true\n",
        ("tests/desk/test_reading.py",),
    ),
    Mutation(
        "a read that went back is told",
        "desk/tickets/reading.py",
        "    if upto[0] <= furthest:\n",
        "    if False:\n",
        ("tests/desk/test_reading.py",),
    ),
    Mutation(
        "an answer over an answer, by itself",
        "desk/tickets/fast_path.py",
        "            and (%(expect_seq)s::bigint is null or",
        "            and (%(expect_seq)s::bigint is not null or true or",
        ("tests/desk/test_drafts.py",),
    ),
    Mutation(
        "the origin of sockets",
        "server/transport/origins.py",
        "return origin is None or",
        "return True or",
        ("tests/server/test_browsers.py",),
    ),
    Mutation(
        "tokens: the kind",
        "server/identity/tokens.py",
        'if claims["typ"] != kind:',
        "if False:",
        (TOKENS,),
    ),
    Mutation(
        "tokens: audience", "server/identity/tokens.py", "audience=AUDIENCE,\n", "\n", (TOKENS,)
    ),
    Mutation("tokens: issuer", "server/identity/tokens.py", "issuer=ISSUER,\n", "\n", (TOKENS,)),
    Mutation(
        "tokens: the algorithm",
        "server/identity/tokens.py",
        "algorithms=[self._algorithm]",
        'algorithms=["HS256", "HS384", "HS512"]',
        (TOKENS,),
    ),
    Mutation(
        "the limit of wrong passwords",
        "server/routes/auth.py",
        "        await guesses.count()\n",
        "",
        ("tests/server/test_limits.py",),
    ),
    Mutation(
        "no more of a limit than was counted",
        "server/limits/shared.py",
        "self._leases.hold(limit.item, key, part - 1)",
        "self._leases.hold(limit.item, key, part)",
        ("tests/server/test_limits.py",),
    ),
]
