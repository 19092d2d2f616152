"""AsyncAPI 3.0, generated from the tables of socket events and the models behind them."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from server.http.contract import Right
from server.sockets.client_event import ClientEvent
from server.sockets.events import EVENTS
from server.sockets.payloads import Credentials
from server.sockets.plain import Frame
from server.specs.examples import example
from server.specs.openapi import TITLE, TOLD, VERSION, allowed
from server.specs.schemas import REF, Schema, Schemas, prose
from wire.server_events import NAMESPACE, SERVER_EVENTS, ServerEvent
from wire.shapes import PlainMessage

ABOUT = """\
What is live: the Socket.IO namespace `/tickets`, and a plain WebSocket per ticket for clients
without Socket.IO. REST is described at [/docs](/docs).

**Socket.IO** (protocol 5: socket.io-client 3.x and 4.x). Connect with `auth: {token: <access
token>}`, a program with its key, which needs the scope `tickets:read`. A refusal is a
`connect_error` whose `data` is `{code, detail}`: `too_many_sockets` where the account or the
address has too many open. Every event that a client sends is acknowledged with `{ok: true, data}`
or `{ok: false, error: {code, detail, errors?}}`.
Numbers of a timeline are dense: `seq` is the last one plus one, or something was missed; then join
again from the last one.

**Plain WebSocket.** A socket ticket (`POST /api/v1/tickets/{ticket_id}/socket_ticket`) stands in
the query: good for one use, within 30 seconds. An access token may stand there, too; it is the
weaker way, as an address gets into the logs of proxies and a token is good for minutes. Messages
only.
"""
REFUSAL: Schema = {
    "description": "A refusal. `code` is stable, `detail` is for people.",
    "type": "object",
    "properties": {
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
                "required": ["pointer", "detail"],
            },
        },
    },
    "required": ["code", "detail"],
}
EVERY_EVENT = (
    "binary_refused",
    "creator_inactive",
    "internal",
    "invalid",
    "invalid_json",
    "key_expired",
    "role_changed",
    "second_factor_setup_required",
    "scope_required",
    "session_ended",
    "unavailable",
)
SOCKET, PLAIN = "tickets", "ticket"


def document(base_url: str) -> Schema:
    schemas = Schemas(
        [event.payload for event in EVENTS.values()] + [Credentials, Frame],
        [event.gives for event in EVENTS.values()]
        + [event.payload for event in SERVER_EVENTS.values()]
        + [shape for _, shape in TOLD.values()]
        + [PlainMessage],
    )
    url = urlsplit(base_url)
    secure = "s" if url.scheme == "https" else ""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"{TITLE}, live",
            "version": VERSION,
            "description": ABOUT,
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "socketio": {
                "host": url.netloc,
                "pathname": "/socket.io/",
                "protocol": f"http{secure}",
                "description": "Socket.IO: long-polling first, then the upgrade to a WebSocket.",
                "security": [{"$ref": "#/components/securitySchemes/auth"}],
            },
            "websocket": {
                "host": url.netloc,
                "protocol": f"ws{secure}",
                "description": "Plain WebSockets.",
                "security": [
                    {"$ref": "#/components/securitySchemes/socketTicket"},
                    {"$ref": "#/components/securitySchemes/query"},
                ],
            },
        },
        "channels": {SOCKET: _socket_channel(schemas), PLAIN: _plain_channel(schemas)},
        "operations": {**_socket_operations(), **_plain_operations()},
        "components": {
            "schemas": {n: _plain_words(s) for n, s in schemas.components.items()}
            | {"Refusal": REFUSAL},
            "securitySchemes": {
                "auth": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The access token or the key, in `auth: {token}` at the start.",
                },
                "socketTicket": {
                    "type": "httpApiKey",
                    "in": "query",
                    "name": "ticket",
                    "description": "A socket ticket. It opens one socket.",
                },
                "query": {
                    "type": "httpApiKey",
                    "in": "query",
                    "name": "token",
                    "description": "The access token. It is kept out of our log; a proxy's may "
                    "have it.",
                },
            },
        },
    }


def _plain_words(schema: Any) -> Any:
    """AsyncAPI names the discriminating property alone."""
    if isinstance(schema, dict) and "discriminator" in schema:
        return {**schema, "discriminator": schema["discriminator"]["propertyName"]}
    return schema


def unmarked(text: str) -> str:
    """A summary is plain text here, and no Markdown."""
    return text.replace("`", "")


def _message(schemas: Schemas, name: str, summary: str, payload: Schema) -> Schema:
    return {
        "name": name,
        "title": name,
        "summary": unmarked(summary),
        "payload": payload,
        "examples": [{"name": name, "payload": example(schemas, payload)}],
    }


def _socket_channel(schemas: Schemas) -> Schema:
    messages: Schema = {}
    for name, event in EVENTS.items():
        taken = schemas.taken(event.payload)
        messages[name] = _message(schemas, name, event.summary, taken)
        acked = _message(schemas, name, f"Acknowledges {name}", _ack(schemas, event))
        messages[f"{name}_ack"] = {**acked, "title": f"{name}: acknowledgement"}
    for name, sent in SERVER_EVENTS.items():
        payload = schemas.given(sent.payload)
        messages[message_key(name)] = _message(schemas, name, sent.summary, payload)
    return {
        "address": NAMESPACE,
        "title": "The namespace of tickets",
        "description": "One socket for everything that its person may see.",
        "servers": [{"$ref": "#/servers/socketio"}],
        "messages": messages,
    }


def message_key(name: str) -> str:
    """Under which name a message of the server stands: clients may send one of the same name."""
    return f"{name}_shown" if name in EVENTS else name


def codes(event: ClientEvent) -> list[str]:
    refused = [*EVERY_EVENT, *event.refuses]
    if event.right in (Right.OWNER, Right.VIEWER):
        refused.append("ticket_not_found")
    if event.right is Right.STAFF:
        refused.append("csr_required")
    if event.right is Right.ADMIN:
        refused.append("admin_required")
    return sorted(set(refused))


def _ack(schemas: Schemas, event: ClientEvent) -> Schema:
    refused = codes(event)
    code = {"type": "object", "properties": {"code": {"enum": refused}}}
    told = {name: schemas.given(shape) for of, (name, shape) in TOLD.items() if of in refused}
    whole = {**REFUSAL, "properties": {**REFUSAL["properties"], **told}}
    error = {"allOf": [whole if told else {"$ref": REF + "Refusal"}, code]}
    return {
        "anyOf": [
            _members(ok={"const": True}, data=schemas.given(event.gives)),
            _members(ok={"const": False}, error=error),
        ]
    }


def _members(**members: Schema) -> Schema:
    return {"type": "object", "properties": members, "required": [*members]}


def _plain_channel(schemas: Schemas) -> Schema:
    refused = _members(error={"$ref": REF + "Refusal"})
    refusal = {
        "name": "refusal",
        "title": "refusal",
        "summary": "The frame was refused. The socket stays open.",
        "payload": refused,
        "examples": [{"payload": {"error": {"code": "invalid", "detail": "/content: missing"}}}],
    }
    summary = "A message to be posted. The ticket's id, where sent, must be the one of the address."
    return {
        "address": "/ws/tickets/{ticket_id}",
        "title": "The messages of one ticket",
        "description": "Not allowed, or no such ticket: close code 1008; of a merged "
        "ticket the reason is `merged` and the id of what it is a part of. Too busy, too slow, or "
        "`too_many_sockets` of the account or address: 1013; the process stops: 1001; connect "
        "again with the last `seq` as `after`.",
        "servers": [{"$ref": "#/servers/websocket"}],
        "parameters": {"ticket_id": {"description": "The ticket's id, or its number."}},
        "messages": {
            "frame": _message(schemas, "frame", summary, schemas.taken(Frame)),
            "message": _message(
                schemas,
                "message",
                "A message, the sender's own included.",
                schemas.given(PlainMessage),
            ),
            "refusal": refusal,
        },
        "bindings": {
            "ws": {
                "method": "GET",
                "query": {
                    "type": "object",
                    "properties": {
                        "ticket": {"type": "string", "description": "A socket ticket."},
                        "token": {
                            "type": "string",
                            "description": "The access token, instead: the weaker way.",
                        },
                        "after": {
                            "type": "integer",
                            "minimum": 0,
                            "description": "Replays the messages after this `seq` first.",
                        },
                    },
                    "anyOf": [{"required": ["ticket"]}, {"required": ["token"]}],
                },
                "bindingVersion": "0.1.0",
            }
        },
    }


def _socket_operations() -> Schema:
    operations: Schema = {}
    for name, event in EVENTS.items():
        description = [prose(event.handler.__doc__), allowed(event.right, event.scope)]
        operations[name] = {
            **_operation("receive", SOCKET, event.summary, name),
            "description": "\n\n".join(filter(None, description)),
            "reply": {"channel": _channel(SOCKET), "messages": [_ref(SOCKET, f"{name}_ack")]},
        }
    return {**operations, **_server_operations(SERVER_EVENTS)}


def _server_operations(events: Mapping[str, ServerEvent]) -> Schema:
    return {
        message_key(name): _operation("send", SOCKET, event.summary, message_key(name))
        for name, event in events.items()
    }


def _plain_operations() -> Schema:
    return {
        "plain_post": {
            **_operation("receive", PLAIN, "Post a message", "frame"),
            "reply": {"channel": _channel(PLAIN), "messages": [_ref(PLAIN, "refusal")]},
        },
        "plain_message": _operation("send", PLAIN, "A message was posted", "message"),
    }


def _operation(action: str, channel: str, summary: str, message: str) -> Schema:
    return {
        "action": action,
        "channel": _channel(channel),
        "summary": unmarked(summary),
        "messages": [_ref(channel, message)],
    }


def _channel(name: str) -> Schema:
    return {"$ref": f"#/channels/{name}"}


def _ref(channel: str, message: str) -> Schema:
    return {"$ref": f"#/channels/{channel}/messages/{message}"}
