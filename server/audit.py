"""Who got in, who was refused, whose rights changed: one line each, ids only, no secrets."""

import structlog

_log = structlog.get_logger("audit")


def note(event: str, **ids: object) -> None:
    _log.info(event, **{name: str(value) for name, value in ids.items() if value is not None})
