"""Every column that can hold what people write: whose it is, so that an erasure forgets none.

A column of text, JSON, bytes or an array is in a table whose rows go with their person (a foreign
key to `User` that cascades, or to such a row), or it is named here. A test fails for any other.
"""

# What `desk.erasure` empties, in a table's order: of the account, and of what was said on tickets.
ERASED: dict[str, set[str]] = {
    "users": {
        *("email", "visitor_email", "identity_subject", "visitor_key", "full_name"),
        *("password_hash", "skills"),
    },
    "tickets": {"title", "description", "fields"},
    "events": {"client_id", "content", "data"},
    "field_values": {"value"},
    "ratings": {"comment"},
    "attachments": {"sha256", "name", "type"},
    "ticket_search": {"public", "staff"},
    "unindexed_events": {"words"},
    "webhook_deliveries": {"ticket"},
    # The entries themselves stay: of ids and plain words.
    "audit": {"address", "address_salt"},
}

# What is the desk's own, or names nobody: words of its staff for its work, ids, states, hashes.
NOT_PERSONAL: dict[str, set[str]] = {
    # Lists count by them. Whoever opens a ticket chooses them.
    "tickets": {
        *("category", "type", "tags", "required_skills", "participant_ids", "follower_ids"),
        "offered_to",
    },
    "events": {"kind", "cause"},
    "api_keys": {"prefix", "hash", "scopes"},
    "assignment_decisions": {"strategy", "candidates"},
    "batches": {"client_id", "cause_type"},
    "deadlines": {"kind", "data", "last_error"},
    "fields": {"key", "label", "choices", "category"},
    "merges": {"participants_added", "followers_added"},
    "spent_identity_tokens": {"hash"},
    "teams": {"name", "description", "strategy"},
    "webhooks": {"url", "events", "secret"},
    "webhook_attempts": {"kind", "error"},
    # A hash without its salt says nothing.
    "audit": {"action", "subject_type", "subject_id", "data", "address_hash", "hash"},
    "audit_head": {"hash"},
}
