"""What every route takes: its fields and parameters, and what is wrong and right for each."""

from dataclasses import dataclass
from typing import Any

from tests.factories import PASSWORD
from tests.server import bad
from tests.server.bad import Kind


@dataclass(frozen=True)
class Body:
    """A route's body: the kind of each field, and a body that is accepted."""

    kinds: dict[str, Kind]
    valid: dict[str, Any]
    optional: frozenset[str] = frozenset()
    # Of an accepted body.
    status: tuple[int, ...] = (200, 201, 204)


NO_TICKET = "00000000-0000-7000-8000-000000000000"
NEW_TICKET = {"title": "It broke", "description": "Help!", "category": "billing", "type": "bug"}
SIGNUP = {"email": "bad.input@desk.test", "password": PASSWORD, "full_name": "Ann"}
GIVEN_PASSWORD = Kind(
    {"too long": "x" * 1025}, (), frozenset({"a short text", "an empty text", "blanks"})
)
FIELD = {
    "label": bad.LABEL,
    "kind": bad.FIELD_KIND,
    "choices": bad.CHOICES,
    "customers": bad.FIELD_ACCESS,
    "required": bad.FIELD_NEED,
    "category": bad.LABEL_OR_NULL,
}
MACRO = {
    "name": bad.LABEL,
    "scope": bad.MACRO_SCOPE,
    "team_id": bad.ID_OR_NULL,
    "message": bad.MACRO_MESSAGE,
    "set": bad.ACTIONS,
}
SIGNED_OUT = (200, 400, 401)
WRONG_PASSWORD = (403, 429)
NEW_CREDENTIAL = {
    "id": "AA",
    "rawId": "AA",
    "type": "public-key",
    "response": {"clientDataJSON": "AA", "attestationObject": "AA"},
}

AWAY = {
    "from": bad.MOMENT,
    "until": bad.MOMENT,
    "reason": bad.REASON,
    "reassign": bad.BOOL,
}
AWAY_OPTIONAL = frozenset({"from", "reason", "reassign"})

BODIES: dict[tuple[str, str], Body] = {
    ("POST", "/auth/signup"): Body(
        {"email": bad.EMAIL, "password": bad.PASSWORD, "full_name": bad.TITLE}, SIGNUP
    ),
    ("POST", "/auth/login"): Body(
        {"email": bad.EMAIL, "password": GIVEN_PASSWORD},
        {"email": "nobody@desk.test", "password": "wrong"}, status=(401,),
    ),
    ("POST", "/auth/refresh"): Body(
        {"refresh_token": bad.TOKEN}, {"refresh_token": "x"}, status=SIGNED_OUT
    ),
    ("POST", "/auth/logout"): Body(
        {"refresh_token": bad.TOKEN}, {"refresh_token": "x"}, status=SIGNED_OUT
    ),
    ("POST", "/auth/identify"): Body({"token": bad.TOKEN}, {"token": "x"}, status=(401,)),
    ("POST", "/auth/email/verify"): Body({"token": bad.TOKEN}, {"token": "x"}, status=(400,)),
    ("POST", "/auth/email"): Body(
        {"new_email": bad.EMAIL, "current_password": GIVEN_PASSWORD},
        {"new_email": "new.address@desk.test", "current_password": "wrong"},
        status=(403, 429),
    ),
    ("POST", "/auth/email/undo"): Body({"token": bad.TOKEN}, {"token": "x"}, status=(400,)),
    ("POST", "/auth/password/forgot"): Body(
        {"email": bad.EMAIL}, {"email": "nobody@desk.test"}, status=(202, 429)
    ),
    ("POST", "/auth/password/reset"): Body(
        {"token": bad.TOKEN, "new_password": bad.PASSWORD},
        {"token": "x", "new_password": PASSWORD},
        status=(400,),
    ),
    ("POST", "/auth/login/second_factor"): Body(
        {"challenge": bad.CHALLENGE, "code": bad.CODE}, {"challenge": "x", "code": "1"},
        status=(401,),
    ),
    ("POST", "/auth/totp"): Body(
        {"current_password": GIVEN_PASSWORD}, {"current_password": "wrong"}, status=WRONG_PASSWORD
    ),
    ("POST", "/auth/totp/confirm"): Body({"code": bad.CODE}, {"code": "1"}, status=(422,)),
    ("POST", "/auth/totp/recovery_codes"): Body({"code": bad.CODE}, {"code": "1"}, status=(422,)),
    ("DELETE", "/auth/totp"): Body(
        {"current_password": GIVEN_PASSWORD, "code": bad.CODE},
        {"current_password": "wrong", "code": "1"},
        status=WRONG_PASSWORD,
    ),
    ("POST", "/auth/passkeys/options"): Body(
        {"current_password": GIVEN_PASSWORD}, {}, frozenset({"current_password"}), WRONG_PASSWORD
    ),
    # What nobody has signed is refused, or the host, which is an address.
    ("POST", "/auth/passkeys"): Body(
        {"name": bad.text(100), "credential": bad.CREDENTIAL},
        {"name": "Phone", "credential": NEW_CREDENTIAL},
        status=(401, 409),
    ),
    # There is no such passkey: what is accepted is not found.
    ("DELETE", "/auth/passkeys/{passkey_id}"): Body(
        {"current_password": GIVEN_PASSWORD},
        {},
        frozenset({"current_password"}),
        (*WRONG_PASSWORD, 404),
    ),
    ("PATCH", "/auth/me"): Body(
        {"full_name": bad.TITLE, "notify_email": bad.BOOL},
        {},
        frozenset({"full_name", "notify_email"}),
    ),
    ("POST", "/auth/password"): Body(
        {"current_password": GIVEN_PASSWORD, "new_password": bad.PASSWORD},
        {"current_password": "wrong", "new_password": PASSWORD},
        status=(403, 429),
    ),
    ("POST", "/admin/users"): Body(
        {
            "email": bad.EMAIL,
            "full_name": bad.TITLE,
            "role": bad.ROLE,
            "password": bad.PASSWORD,
        },
        SIGNUP | {"role": "user"},
        status=(201, 409),
    ),
    # There is no such account: what is accepted is not found.
    ("PATCH", "/admin/users/{user_id}"): Body(
        {
            "role": bad.ROLE,
            "is_active": bad.BOOL,
            "capacity": bad.CAPACITY,
            "full_name": bad.TITLE,
            "skills": bad.SKILLS,
        },
        {},
        frozenset({"role", "is_active", "capacity", "full_name", "skills"}),
        (404,),
    ),
    ("POST", "/users/tickets"): Body(
        {
            "title": bad.TITLE,
            "description": bad.DESCRIPTION,
            "category": bad.LABEL,
            "type": bad.LABEL,
            "fields": bad.FIELDS,
        },
        NEW_TICKET,
        frozenset({"fields"}),
    ),
    ("PATCH", "/users/tickets/{ticket_id}"): Body(
        {"fields": bad.FIELDS}, {}, frozenset({"fields"})
    ),
    ("POST", "/tickets/{ticket_id}/messages"): Body(
        {
            "content": bad.CONTENT,
            "client_id": bad.CLIENT_ID_OR_NULL,
            "internal": bad.BOOL,
            "expect_seq": bad.SEQ_OR_NULL,
            "draft": bad.BOOL,
            "attachment_ids": bad.ATTACHMENT_IDS,
            "mentions": bad.MENTIONS,
        },
        {"content": "hello"},
        frozenset({"client_id", "internal", "expect_seq", "draft", "attachment_ids", "mentions"}),
        (200, 201, 409, 412),
    ),
    ("POST", "/tickets/{ticket_id}/read"): Body({"seq": bad.SEQ}, {"seq": 1}),
    ("POST", "/tickets/{ticket_id}/unread"): Body({"seq": bad.SEQ}, {"seq": 1}),
    ("PUT", "/tickets/{ticket_id}/draft"): Body(
        {"kind": bad.DRAFT_KIND, "content": bad.CONTENT, "base_seq": bad.SEQ},
        {"kind": "reply", "content": "hello", "base_seq": 1},
    ),
    ("POST", "/csr/tickets/{ticket_id}/assign"): Body(
        {"assignee_id": bad.ID_OR_NULL, "priority": bad.PRIORITY},
        {"assignee_id": None},
        frozenset({"priority"}),
    ),
    ("POST", "/users/tickets/{ticket_id}/rating"): Body(
        {"score": bad.SCORE, "comment": bad.COMMENT},
        {"score": 3},
        frozenset({"comment"}),
        (409,),
    ),
    ("PUT", "/tickets/{ticket_id}/reminder"): Body(
        {"at": bad.MOMENT, "note": bad.REASON},
        {"at": "2400-01-01T00:00:00Z"},
        frozenset({"note"}),
        (422,),
    ),
    ("POST", "/csr/tickets/{ticket_id}/snooze"): Body(
        {"until": bad.MOMENT, "wake_on_reply": bad.BOOL, "note": bad.CONTENT_OR_NULL},
        {"until": "2400-01-01T00:00:00Z"},
        frozenset({"wake_on_reply", "note"}),
        (422,),
    ),
    ("PATCH", "/csr/tickets/{ticket_id}"): Body(
        {
            "status": bad.STATUS,
            "priority": bad.PRIORITY,
            "tags": bad.TAGS,
            "category": bad.LABEL,
            "fields": bad.FIELDS,
            "team_id": bad.ID_OR_NULL,
            "assignee_id": bad.ID_OR_NULL,
            "required_skills": bad.SKILLS,
        },
        {},
        frozenset(
            {
                "status",
                "priority",
                "tags",
                "category",
                "fields",
                "team_id",
                "assignee_id",
                "required_skills",
            }
        ),
    ),
    ("POST", "/csr/tickets/bulk"): Body(
        {
            "ticket_ids": bad.IDS,
            "query": bad.OBJECT,
            "expect_count": bad.OBJECT,
            "change": bad.CHANGE,
            "assign": bad.OBJECT,
        },
        {"ticket_ids": [NO_TICKET], "change": {"priority": "low"}},
        frozenset({"query", "expect_count", "assign"}),
    ),
    # With itself: what is accepted is refused for that.
    ("PUT", "/csr/tickets/{ticket_id}/links/{other_id}"): Body(
        {"kind": bad.LINK_KIND}, {"kind": "related"}, status=(422,)
    ),
    # There is no such ticket, and no such message.
    ("POST", "/csr/tickets/{ticket_id}/merge"): Body(
        {"into": bad.ID}, {"into": NO_TICKET}, status=(404,)
    ),
    ("POST", "/csr/tickets/{ticket_id}/split"): Body(
        {"from_seq": bad.SEQ, "seqs": bad.SEQS, "title": bad.TITLE},
        {"from_seq": 1, "title": "Another"},
        frozenset({"seqs"}),
        (422,),
    ),
    ("POST", "/csr/views"): Body(
        {"name": bad.LABEL, "query": bad.VIEW_QUERY, "shared": bad.BOOL},
        {"name": "Mine", "query": {"assigned_to": "me"}},
        frozenset({"shared"}),
        (201, 409),
    ),
    # There is no such view: what is accepted is not found.
    ("PATCH", "/csr/views/{view_id}"): Body(
        {"name": bad.LABEL, "query": bad.VIEW_QUERY, "shared": bad.BOOL},
        {},
        frozenset({"name", "query", "shared"}),
        (404,),
    ),
    # It neither says nor does anything: what is accepted is refused for that.
    ("POST", "/csr/macros"): Body(
        MACRO, {"name": "Refund"}, frozenset(MACRO) - {"name"}, (201, 409, 422)
    ),
    # There is no such macro: what is accepted is not found.
    ("PATCH", "/csr/macros/{macro_id}"): Body(MACRO, {}, frozenset(MACRO), (404,)),
    ("POST", "/csr/macros/{macro_id}/preview"): Body(
        {"ticket_id": bad.ID}, {"ticket_id": NO_TICKET}, status=(404,)
    ),
    ("POST", "/tickets/{ticket_id}/macros/{macro_id}"): Body(
        {
            "client_id": bad.CLIENT_ID,
            "content": bad.CONTENT_OR_NULL,
            "expect_seq": bad.SEQ_OR_NULL,
            "draft": bad.BOOL,
            "attachment_ids": bad.NO_ATTACHMENTS,
            "mentions": bad.MENTIONS,
        },
        {"client_id": "once"},
        frozenset({"content", "expect_seq", "draft", "attachment_ids", "mentions"}),
        (404,),
    ),
    ("POST", "/csr/tickets/{ticket_id}/undo"): Body(
        {"batch": bad.ID}, {"batch": NO_TICKET}, status=(404,)
    ),
    ("PUT", "/csr/me/availability"): Body(
        {"available": bad.BOOL, "capacity": bad.CAPACITY},
        {"available": True},
        frozenset({"capacity"}),
    ),
    ("POST", "/admin/fields"): Body(
        FIELD | {"key": bad.FIELD_KEY},
        {"key": "plan", "label": "Plan", "kind": "text"},
        frozenset(FIELD) - {"label", "kind"},
        (201, 409, 422),
    ),
    # There is no such field: what is accepted is not found.
    ("PATCH", "/admin/fields/{field_id}"): Body(
        FIELD | {"removed": bad.BOOL}, {}, frozenset({*FIELD, "removed"}), (404,)
    ),
    ("POST", "/admin/teams"): Body(
        {
            "name": bad.LABEL,
            "description": bad.TEAM_DESCRIPTION,
            "strategy": bad.STRATEGY,
            "members": bad.MEMBERS,
            "answer_within_minutes": bad.MINUTES,
        },
        {"name": "Billing"},
        frozenset({"description", "strategy", "members", "answer_within_minutes"}),
        (201, 409),
    ),
    # There is no such team: what is accepted is not found.
    ("PATCH", "/admin/teams/{team_id}"): Body(
        {
            "name": bad.LABEL,
            "description": bad.TEAM_DESCRIPTION,
            "strategy": bad.STRATEGY,
            "members": bad.MEMBERS,
            "answer_within_minutes": bad.MINUTES,
        },
        {},
        frozenset({"name", "description", "strategy", "members", "answer_within_minutes"}),
        (404,),
    ),
    ("PUT", "/csr/me/away"): Body(AWAY, {"until": "2400-01-01T00:00:00Z"}, AWAY_OPTIONAL, (422,)),
    # It ends too late: what is accepted is refused for that.
    ("PUT", "/admin/users/{user_id}/away"): Body(
        AWAY, {"until": "2400-01-01T00:00:00Z"}, AWAY_OPTIONAL, (422,)
    ),
    ("POST", "/admin/api_keys"): Body(
        {
            "name": bad.TITLE,
            "role": bad.KEY_ROLE,
            "scopes": bad.SCOPES,
            "expires_at": bad.MOMENT_OR_NULL,
        },
        {"name": "Import", "role": "csr", "scopes": ["tickets:read"]},
        frozenset({"expires_at"}),
        (201,),
    ),
    # There is no such account: what is accepted is not found.
    ("POST", "/admin/users/{user_id}/erase"): Body(
        {"keep_tickets": bad.BOOL}, {"keep_tickets": True}, status=(404,)
    ),
    ("POST", "/admin/webhooks"): Body(
        {"url": bad.WEBHOOK_URL, "events": bad.EVENT_KINDS, "is_active": bad.BOOL},
        {"url": "https://8.8.8.8/", "events": ["assigned"]},
        frozenset({"is_active"}),
    ),
    # There is no such webhook: what is accepted is not found.
    ("PATCH", "/admin/webhooks/{webhook_id}"): Body(
        {"url": bad.WEBHOOK_URL, "events": bad.EVENT_KINDS, "is_active": bad.BOOL},
        {},
        frozenset({"url", "events", "is_active"}),
        (404,),
    ),
}  # fmt: skip
NO_BODY = {
    ("PUT", "/csr/tickets/{ticket_id}/participants/{participant}"),
    ("DELETE", "/csr/tickets/{ticket_id}/participants/{participant}"),
    ("PUT", "/tickets/{ticket_id}/followers/me"),
    ("DELETE", "/tickets/{ticket_id}/followers/me"),
    ("PUT", "/tickets/{ticket_id}/followers/{user_id}"),
    ("DELETE", "/tickets/{ticket_id}/followers/{user_id}"),
    ("DELETE", "/csr/tickets/{ticket_id}/links/{other_id}"),
    ("DELETE", "/admin/fields/{field_id}"),
    ("DELETE", "/csr/macros/{macro_id}"),
    ("DELETE", "/csr/me/away"),
    ("DELETE", "/csr/tickets/{ticket_id}/snooze"),
    ("DELETE", "/tickets/{ticket_id}/reminder"),
    ("DELETE", "/admin/users/{user_id}/away"),
    ("DELETE", "/admin/users/{user_id}/factors"),
    ("POST", "/admin/users/{user_id}/export/link"),
    ("POST", "/users/erasure"),
    ("DELETE", "/admin/teams/{team_id}"),
    ("DELETE", "/auth/sessions/{session_id}"),
    ("DELETE", "/admin/webhooks/{webhook_id}"),
    ("DELETE", "/admin/api_keys/{key_id}"),
    ("DELETE", "/tickets/{ticket_id}/draft"),
    ("POST", "/attachments/{attachment_id}/link"),
    ("DELETE", "/attachments/{attachment_id}"),
    ("DELETE", "/csr/views/{view_id}"),
    ("POST", "/admin/webhooks/{webhook_id}/attempts/{attempt_id}/redeliver"),
    ("POST", "/auth/email/verify/send"),
    ("POST", "/auth/logout_all"),
    ("POST", "/csr/tickets/{ticket_id}/claim"),
    ("POST", "/csr/tickets/{ticket_id}/unmerge"),
    ("POST", "/notifications/read_all"),
    ("POST", "/tickets/{ticket_id}/socket_ticket"),
    ("POST", "/notifications/{notification_id}/read"),
    ("POST", "/users/tickets/{ticket_id}/close"),
}
# What takes a file is tested with it.
FILES = {("POST", "/tickets/{ticket_id}/attachments")}

WORDS = ["", "%00", "%ff", "nonsense", "%ED%A0%80", "%F0%9F%A6%86", "9" * 400, "-1", "[]", "null"]
TEXT = ["", "%00", "a%00b", "%20", "x" * 65, "%0A", "a%0Ab", "%E2%80%A8a%E2%80%A8a"]
PAGED = {"limit": [*WORDS, "1.5", "1e1", "0", "101"], "cursor": [*WORDS, "x" * 201]}
FILTERS = {
    "status": [*WORDS, "OPEN"],
    "category": TEXT,
    "type": TEXT,
    "sort": [*WORDS, "title", "--number", "number,id"],
    "count": [*WORDS, "maybe"],
    "field.": ["x"],
    "field.nothing": TEXT,
    "fields": WORDS,
}
QUERIES: dict[str, dict[str, list[str]]] = {
    "/users/tickets": PAGED | FILTERS,
    "/csr/tickets": PAGED
    | FILTERS
    | {
        "unassigned": WORDS,
        "assigned_to": [*WORDS, "ME"],
        "priority": [*WORDS, "none"],
        "tag": [*TEXT, "x" * 33],
        "user_id": [*WORDS, "me"],
        "team": [*WORDS, "MINE", "None"],
    },
    "/tickets/{ticket_id}/timeline": {
        "after": [*WORDS, str(2**63)],
        "limit": [*WORDS, "1.5", "0", "201"],
    },
    "/tickets/{ticket_id}/messages": PAGED,
    "/notifications": PAGED | {"unread": WORDS},
    "/csr/drafts": PAGED,
    "/csr/agents": PAGED | {"count": [*WORDS, "maybe"]},
    "/admin/teams/{team_id}/fairness": {"days": [*WORDS, "0", "93", "1.5"]},
    "/csr/macros": PAGED | {"count": [*WORDS, "maybe"]},
    "/csr/teams": PAGED | {"count": [*WORDS, "maybe"]},
    "/admin/teams": PAGED | {"count": [*WORDS, "maybe"]},
    "/admin/webhooks": PAGED,
    "/admin/api_keys": PAGED,
    "/admin/webhooks/{webhook_id}/attempts": PAGED,
    "/people": {"ids": [*WORDS, "1,2"]},
    "/csr/customers": PAGED | {"q": [*TEXT[:4], "x" * 201]},
    "/admin/audit": PAGED
    | {
        "actor_id": [*WORDS, "me"],
        "action": TEXT,
        "subject_id": [*TEXT[:4], "x" * 101],
        "since": [*WORDS, "2026-01-01", "2026-01-01T00:00:00"],
    },
    "/admin/users": PAGED
    | {"kind": WORDS, "role": WORDS, "is_active": WORDS, "email": WORDS, "is_visitor": WORDS},
}
