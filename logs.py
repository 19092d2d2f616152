"""Log lines: structlog for our own, the standard library's passed through the same renderer."""

import logging
import re
import sys
from typing import Any

import structlog

# Libraries whose INFO would print what clients send.
QUIET = ("engineio", "socketio", "aiohttp", "celery.redirected", "kombu", "asyncio")

# A signed token, wherever in a line it may have got to: in a path that a client wrote wrongly, in
# the text of a library's error.
TOKEN = re.compile(r"eyJ[\w-]{5,}\.[\w-]+(\.[\w-]*)?")


# As `desk.socket_tickets` makes them.
SOCKET_TICKET = re.compile(r"wst_[\w-]+")


class _Redacting(structlog.stdlib.ProcessorFormatter):
    """The last line of defence: no token leaves in a line, whoever wrote it."""

    def format(self, record: logging.LogRecord) -> str:
        line = TOKEN.sub("[token]", super().format(record))
        return SOCKET_TICKET.sub("[socket ticket]", line)


def _without_bad_requests(record: logging.LogRecord) -> bool:
    """aiohttp's error over a request that is no HTTP quotes the line that it stumbled over."""
    kind = record.exc_info[0] if record.exc_info else None
    if kind is not None and kind.__module__ == "aiohttp.http_exceptions":
        record.msg, record.args, record.exc_info = "a request was no HTTP", (), None
    return True


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
        # Plain: where rich is installed, the default prints the variables of every frame.
        else structlog.dev.ConsoleRenderer(
            colors=False, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        # What is below the level costs nothing.
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    formatter = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if form == "json":
        formatter.append(structlog.processors.format_exc_info)  # type: ignore[arg-type]
    handler.addFilter(_without_bad_requests)
    handler.setFormatter(_Redacting(foreign_pre_chain=shared, processors=[*formatter, renderer]))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
