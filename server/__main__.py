"""``python -m server``: one web process, or WEB_PROCESSES of them on one port."""

import gc
import os
import sys

import structlog
import uvloop
from aiohttp import web

import logs
from config import Settings, settings
from processes import Program, keep_what_is_there, supervise
from server.identity.breaches import breach_list
from server.log_stream import LogStream

log = structlog.get_logger("server")

# Set by the parent for its children, so that each of them serves.
ONE_OF_MANY = "WEB_PROCESS_OF_MANY"
SHUTDOWN_SECONDS = 5.0


def serve(settings: Settings) -> None:
    if not sys.stdout.isatty():
        logs.configure(settings.log_level, settings.log_format, LogStream(sys.stdout))
    # The start makes objects that stay, and would be looked through again and again.
    gc.disable()
    # run_app makes the application inside the loop, and closes the loop at the end.
    web.run_app(
        _made(settings),
        host=settings.host,
        port=settings.port,
        loop=uvloop.new_event_loop(),
        access_log=None,
        # A read ends with its client: `server.http.middleware.around`.
        handler_cancellation=True,
        print=lambda *_: log.info("serving", host=settings.host, port=settings.port),
        reuse_port=settings.web_processes > 1,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )


async def _made(settings: Settings) -> web.Application:
    from server.app import create_app  # Not for a parent of many, which serves nothing.

    app = create_app(settings)
    keep_what_is_there()
    return app


def main() -> int:
    chosen = settings()
    logs.configure(chosen.log_level, chosen.log_format)
    if (breaches := breach_list(chosen.password_breach_list)) is not None:
        breaches.close()  # A wrong file stops the start here, of one process or of many.
    if chosen.identity_jwks_file:
        from server.identity import site_keys  # A parent of many needs it for this alone.

        site_keys.load(chosen.identity_jwks_file)
    if chosen.web_processes == 1 or ONE_OF_MANY in os.environ:
        serve(chosen)
        return 0
    argv = (sys.executable, "-m", "server")
    return supervise(
        [Program(f"web.{n}", argv, {ONE_OF_MANY: "1"}) for n in range(1, chosen.web_processes + 1)]
    )


if __name__ == "__main__":
    sys.exit(main())
