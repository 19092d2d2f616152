"""`python -m dev`, behind `make run`: everything from nothing, and nothing left behind.

Embeds the servers that are not set, migrates, makes the demo data (in an embedded database only),
then keeps the processes of the `Procfile` running until Ctrl-C.
"""

import os
import signal
import sys
from pathlib import Path

from dev import procfile
from dev.report import say, step, welcome
from dev.settings import browser_url, checked, given, refuse_strangers, require_free
from dev.watch import Watch
from embedded.errors import CannotStart
from embedded.servers import Embedded
from processes import Child, Program, die_with_parent, supervise

STATE = ".data"
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# With the servers' own (embedded.server.STOP_SECONDS) under ten seconds.
GRACE = 6.0
DEMO = Program("demo", ("python", "-m", "manage", "demo"))


def main() -> int:
    os.umask(0o077)  # Mails, logs and all that is written here are nobody else's to read.
    if "MAKELEVEL" in os.environ:  # `kill -9` of make is meant for us too
        die_with_parent(signal.SIGTERM)
    for number in STOP_SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)
    try:
        return _run(Path.cwd())
    except KeyboardInterrupt:
        say("Stopped")
        return 0


def _interrupt(*_: object) -> None:
    _deaf()  # nothing may disturb the cleaning up, which takes seconds at most
    raise KeyboardInterrupt


def _deaf() -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _run(root: Path) -> int:
    programs = procfile.read(root / "Procfile")
    missing = {"DATABASE_URL", "REDIS_URL"} - given(root)
    own_database = "DATABASE_URL" in missing
    if own_database:
        missing |= {"JWT_SECRET_KEY"} - given(root)
    settings = checked(missing)
    if own_database:
        refuse_strangers(settings.host)
    url = browser_url(settings.host, settings.port)
    embedded = Embedded(
        root / STATE, postgres=own_database, redis="REDIS_URL" in missing, url=url, step=step
    )
    embedded.lock()
    require_free(settings.host, settings.port)
    with embedded:
        _enter_environment(embedded, secret="JWT_SECRET_KEY" in missing)
        _once("Migrations", programs.pop("release", None), embedded)
        if own_database:
            _once("Demo data", DEMO, embedded)
            del os.environ["MIGRATION_DATABASE_URL"]  # The owner is no matter of what runs on.
        block = welcome(url, embedded.folder.path, embedded=own_database)
        with Watch(url, embedded, lambda: say(block)):
            supervise(programs.values(), grace=GRACE, hold=embedded.folder.hold)
            _deaf()
    say("Stopped")
    return 0


def _enter_environment(embedded: Embedded, *, secret: bool) -> None:
    more = {"JWT_SECRET_KEY": embedded.folder.secret("jwt_secret")} if secret else {}
    os.environ.update(embedded.publish(**more))
    scripts = Path(sys.executable).parent
    os.environ["PATH"] = f"{scripts}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    if sys.prefix != sys.base_prefix:
        os.environ["VIRTUAL_ENV"] = sys.prefix


def _once(what: str, program: Program | None, embedded: Embedded) -> None:
    """Runs a program to its end. Raises `CannotStart` where that is a bad one."""
    if program is None:
        return
    with step(what), Child(program.argv, grace=GRACE, hold=embedded.folder.hold) as child:
        if (status := child.wait()) != 0:
            raise CannotStart(f"{what} failed with status {status}; the lines above say why")


if __name__ == "__main__":
    sys.exit(main())
