"""Examples for the generated contracts: made from a schema, with values by the name of the field.

So no shape lacks one, and none of them can fall behind its shape.
"""

from typing import Any

from server.specs.schemas import Schema, Schemas

ID = "01935b2e-7c4a-7d1e-9f30-5a6b7c8d9e0f"
AT = "2026-01-15T09:30:00Z"
# What people would write there. By name of the field, as a name means the same everywhere.
WORDS: dict[str, Any] = {
    "after": 0,
    "category": "billing",
    "client_id": "0f8b6f6e-1",
    "code": "signed_out",
    "content": "The invoice of March shows the wrong address.",
    "current_password": "correct horse battery staple",
    "cursor": "WyIyMDI2LTAxLTE1VDA5OjMwOjAwWiJd",
    "description": "Since yesterday every login ends with an error.",
    "email": "ann@example.com",
    "expires_in": 900,
    "full_name": "Ann Lee",
    "new_email": "ann.lee@example.com",
    "new_password": "a much longer horse battery",
    "number": 1042,
    "password": "correct horse battery staple",
    "preview": "Thank you, it works again.",
    "q": 'login "error 500" -vpn',
    "seq": 7,
    "tag": "vip",
    "title": "I cannot log in",
    "token": "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl",
    "type": "bug",
    "unread": 0,
    "url": "https://example.com/hooks",
    "version": 7,
}
# What a word may stand for, by its own type. None: the schema does not say.
KINDS = {str: ("string", None), int: ("integer", "number", None)}
TOKENS = ("access_token", "refresh_token")


def example(schemas: Schemas, schema: Schema, name: str = "") -> Any:
    """A value of the schema, as small as it may be with every member shown."""
    schema = schemas.resolved(schema)
    for given in ("const", "example"):
        if given in schema:
            return schema[given]
    if "enum" in schema:
        return schema["enum"][0]
    if choices := schema.get("oneOf") or schema.get("anyOf"):
        return example(schemas, choices[1 if "oneOf" in schema and len(choices) > 1 else 0], name)
    if schema.get("type") == "object":
        members = schema.get("properties", {})
        return {member: example(schemas, inner, member) for member, inner in members.items()}
    if schema.get("type") == "array":
        return [example(schemas, schema["items"], name.removesuffix("s"))]
    return _scalar(schema, name)


def _scalar(schema: Schema, name: str) -> Any:
    if schema.get("format") == "uuid":
        return ID
    if schema.get("format") == "date-time":
        return AT
    if name in TOKENS:
        return WORDS["token"]
    if name in WORDS and schema.get("type") in KINDS[type(WORDS[name])]:
        return WORDS[name]
    if "default" in schema and schema["default"] not in (None, ""):
        return schema["default"]
    return {"integer": 1, "number": 1, "boolean": False, "null": None}.get(
        schema.get("type", ""), name.replace("_", " ") or "text"
    )
