"""Log lines: structlog for our own, the standard library's passed through the same renderer."""

import logging
import re
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from io import TextIOBase, TextIOWrapper
from typing import Any, TextIO

import orjson
import structlog

# Libraries whose INFO would print what clients send.
QUIET = ("engineio", "socketio", "aiohttp", "celery.redirected", "kombu", "asyncio")

# The logger that requests are said to come from.
REQUESTS = "server.http"

# What a signed token may be part of, wherever in a line it may have got to: in a path that a client
# wrote wrongly, in the text of a library's error. Nothing follows the repeat, so that no text is
# gone over twice.
RUN = re.compile(r"[\w.-]+")
TOKEN_BEGINS = "eyJ"

# What a terminal or a reader of lines would obey instead of showing: controls, ends of lines, and
# what turns the direction of text.
CONTROLS = {
    code: rf"\u{code:04x}" if code > 0xFF else rf"\x{code:02x}"
    for code in (
        *range(0x20),
        *range(0x7F, 0xA0),
        *range(0x2028, 0x202F),
        *range(0x2066, 0x206A),
    )
}
# A traceback has many lines; none of them begins where a line of the log does.
IN_LINES = {**CONTROLS, ord("\n"): "\n    "}


def redacted(line: str) -> str:
    return RUN.sub(_hidden, line) if TOKEN_BEGINS in line else line


def _hidden(run: re.Match[str]) -> str:
    before, begins, token = run[0].partition(TOKEN_BEGINS)
    return f"{before}[token]" if begins and "." in token else run[0]


# As `desk.accounts.socket_tickets` makes them.
SOCKET_TICKET = re.compile(r"wst_[\w-]+")
# As `desk.accounts.key_text` writes them.
PROGRAM_KEY = re.compile(r"tdk_\w+")


class _Redacting(structlog.stdlib.ProcessorFormatter):
    """The last line of defence: no token leaves in a line, nor what would forge one, whoever wrote
    it.
    """

    def format(self, record: logging.LogRecord) -> str:
        return _safe(super().format(record).translate(IN_LINES))


def _safe(line: str) -> str:
    return PROGRAM_KEY.sub("[key]", SOCKET_TICKET.sub("[socket ticket]", redacted(line)))


def _one_line(_: Any, __: str, said: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """What is said, on one line; only tracebacks have several."""
    return {
        key: value.translate(CONTROLS) if isinstance(value, str) and key != "exception" else value
        for key, value in said.items()
    }


def _without_bad_requests(record: logging.LogRecord) -> bool:
    """aiohttp's error over a request that is no HTTP quotes the line that it stumbled over."""
    kind = record.exc_info[0] if record.exc_info else None
    if kind is not None and kind.__module__ == "aiohttp.http_exceptions":
        record.msg, record.args, record.exc_info = "a request was no HTTP", (), None
    return True


class Output(logging.StreamHandler[Any]):
    """Writes lines to a stream: those of the loggers, and those of requests, made by hand."""

    def __init__(self, stream: TextIO | TextIOBase, form: str) -> None:
        super().__init__(stream)
        self._line = _request_as_json if form == "json" else _request_as_text

    def request(self, *said: Any) -> None:
        self.stream.write(_safe(self._line(f"{datetime.now(UTC).isoformat()[:-6]}Z", *said)) + "\n")


def request(method: str, path: str, status: int, ms: float) -> None:
    """The line of a request. There is one for each, so it takes none of the ways of the others."""
    root = logging.getLogger()
    if root.level <= logging.INFO:
        for handler in root.handlers:
            if isinstance(handler, Output):
                handler.request(method, path, status, ms)


def _request_as_text(at: str, method: str, path: str, status: int, ms: float) -> str:
    said = f"method={method} ms={ms} path={path} status={status}"
    return f"{at} [info     ] request [{REQUESTS}] {said}".translate(CONTROLS)


def _request_as_json(at: str, method: str, path: str, status: int, ms: float) -> str:
    said = {"method": method, "path": path, "status": status, "ms": ms}
    known = {"event": "request", "level": "info", "logger": REQUESTS, "timestamp": at}
    return orjson.dumps(said | known).decode()


def configure(level: str, form: str, stream: TextIO | TextIOBase | None = None) -> None:
    """Sends everything to stdout, or another stream, a line each: readable text or JSON."""
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
    if isinstance(sys.stdout, TextIOWrapper):  # Whatever a line says, it is written.
        sys.stdout.reconfigure(errors="backslashreplace")
    handler = Output(stream or sys.stdout, form)
    formatter: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if form == "json":
        formatter.append(structlog.processors.format_exc_info)
    else:
        formatter.append(_one_line)
    handler.addFilter(_without_bad_requests)
    handler.setFormatter(_Redacting(foreign_pre_chain=shared, processors=[*formatter, renderer]))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
