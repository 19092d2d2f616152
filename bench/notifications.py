"""``python -m bench.notifications``: notifications while workers are killed with SIGKILL.

Opens tickets, has them assigned by real workers on embedded servers and mailed to a real SMTP
server, kills the workers amid both, and counts what arrived in the app and by mail. Leases of the
dead end by their own time.
"""

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import click

from embedded.servers import Embedded
from tests.cluster.conftest import Cluster
from tests.cluster.kills import Run
from tests.conftest import Backend, migrated
from tests.mailbox import Mailbox


@click.command()
@click.option("--tickets", default=10_000, show_default=True)
@click.option("--kills", default=50, show_default=True)
def main(tickets: int, kills: int) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = stack.enter_context(Embedded(folder / "servers"))
        mailbox = stack.enter_context(Mailbox())
        backend = Backend(servers.database_url, servers.redis_url)
        migrated(backend.database_url)
        run = Run(Cluster(backend, folder, stack), mailbox, lapse=False)
        arrived = run.go(tickets, kills)
    click.echo(f"{tickets} tickets, {kills} kills, {arrived.seconds:.0f} s")
    twice = sum(count > 1 for count in arrived.in_app.values())
    click.echo(f"in the app: {len(arrived.in_app)}, twice: {twice}")
    click.echo(
        f"mails: {arrived.mails.total()}, distinct: {len(arrived.mails)}, "
        f"repeats: {arrived.repeats}, repeats that differ: {arrived.differing}"
    )
    arrived.check()


if __name__ == "__main__":
    sys.exit(main())
