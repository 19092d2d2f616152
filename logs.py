"""Log lines: structlog for our own, the standard library's passed through the same renderer."""

import logging
import sys
from typing import Any

import structlog

# Libraries whose INFO would print what clients send.
QUIET = ("engineio", "socketio", "aiohttp", "celery.redirected", "kombu", "asyncio")


def configure(level: str, form: str) -> None:
    """Sends everything to stdout, a line each: readable text or JSON."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    formatter = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if form == "json":
        formatter.append(structlog.processors.format_exc_info)  # type: ignore[arg-type]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[*formatter, renderer]
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
