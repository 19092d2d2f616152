"""``python -m tools.mutate_delivery``: breaks one promise at a time; the suite has to notice.

Each mutation replaces one text in a copy of the tree and runs the tests that stand for it, in
the copy. A table says which were noticed ("killed"); the status is 1 if one survived. None is run
if the text of one is not in the tree any more. ``--only word`` takes those whose name contains the
word.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from tools.mutations import ROOT, Mutation, stale

LEFT_OUT = (".git", ".venv", ".data", "node_modules", "__pycache__", ".*_cache", ".hypothesis")
LONGEST_SECONDS = 240
SEND_QUEUE = ("tests/server/test_send_queue.py",)
ENGINE_WEBSOCKET = ("tests/server/test_engine_websocket.py",)
KEPT_PAGES = ("tests/server/test_kept_pages.py",)
ROOMS = ("tests/server/test_sequencer.py",)
STATEMENTS = ("tests/server/test_run_statement.py",)
MESSAGES = ("tests/desk/test_messages.py", "tests/server/test_messages.py")


MUTATIONS = (
    Mutation(
        "deliver before the commit",
        "server/database/transaction.py",
        "                try:\n                    await session.commit()",
        "                self._deliver(outbox(session.sync_session))\n"
        "                try:\n                    await session.commit()",
        ("tests/server/test_transaction.py",),
    ),
    Mutation(
        "acknowledge without a commit",
        "server/database/transaction.py",
        "await session.commit()",
        "await session.rollback()",
        ("tests/server/test_conversation.py",),
    ),
    Mutation(
        "no lock on a room",
        "server/live/sequencer.py",
        "            async with room.lock:\n                yield room",
        "            if room is not None:\n                yield room",
        (
            *ROOMS,
            "tests/server/test_sequencer_properties.py",
            "tests/server/test_sequencer_machine.py",
        ),
    ),
    Mutation(
        "no look at the heads of the tickets",
        "server/live/sequencer.py",
        "        if not ticket_ids:\n            return\n        heads",
        "        if ticket_ids:\n            return\n        heads",
        ROOMS,
    ),
    Mutation(
        "a gap is passed over",
        "server/live/sequencer.py",
        "if recorded.event.seq > room.cursor + 1:",
        "if recorded.event.seq > room.cursor + 1000:",
        ROOMS,
    ),
    Mutation(
        "the cursor does not move",
        "server/live/sequencer.py",
        "        room.cursor = recorded.event.seq\n",
        "",
        ROOMS,
    ),
    Mutation(
        "an event is shown at once before those that it overtook",
        "server/live/sequencer.py",
        "recorded.event.seq == room.cursor + 1:",
        "recorded.event.seq > room.cursor:",
        ROOMS,
    ),
    Mutation(
        "an event is shown at once in the midst of a join",
        "server/live/sequencer.py",
        "bool(self.members) and not self.users and not self.is_taking",
        "bool(self.members)",
        ROOMS,
    ),
    Mutation(
        "who is taken off stays in the room",
        "server/live/sequencer.py",
        "                await self._remove(room, member, event.ticket_id)\n",
        "",
        ("tests/server/test_participants.py",),
    ),
    Mutation(
        "what was delivered is delivered again",
        "server/live/sequencer.py",
        "if not room.members or recorded.event.seq <= room.cursor:",
        "if not room.members:",
        ROOMS,
    ),
    Mutation(
        "a join does not catch the others up",
        "server/live/sequencer.py",
        "member's history ends.\n            if room.members:\n",
        "member's history ends.\n            if not room.members:\n",
        ROOMS,
    ),
    Mutation(
        "what was erased is sent on",
        "server/live/kept_pages.py",
        "        if recorded.event.kind == Erased.kind:\n            self.forget(ticket_id)\n",
        "",
        KEPT_PAGES,
    ),
    Mutation(
        "a kept history ends before what was delivered",
        "server/live/kept_pages.py",
        "page.end != last or",
        "",
        KEPT_PAGES,
    ),
    Mutation(
        "a kept history begins after what was asked for",
        "server/live/kept_pages.py",
        " or number < page.after:",
        ":",
        KEPT_PAGES,
    ),
    Mutation(
        "what is kept has no end",
        "server/live/kept_pages.py",
        "while self.size > MOST_BYTES:",
        "while self.size < 0:",
        KEPT_PAGES,
    ),
    Mutation(
        "history in reverse",
        "desk/tickets/timeline.py",
        ".order_by(number).limit(",
        ".order_by(number.desc()).limit(",
        ROOMS,
    ),
    Mutation(
        "history begins one too late",
        "desk/tickets/timeline.py",
        'number > param("after")',
        'number > param("after") + 1',
        ROOMS,
    ),
    Mutation(
        "client_id is ignored",
        "desk/tickets/fast_path.py",
        "at, %(client_id)s::varchar,",
        "at, null,",
        MESSAGES,
    ),
    Mutation(
        "tickets are not locked",
        "desk/tickets/tickets.py",
        "query.with_for_update(key_share=True, skip_locked=skip)",
        "query",
        ("tests/desk/test_races.py",),
    ),
    Mutation(
        "a lost statement is sent again",
        "server/database/driver.py",
        "if writes or not has_died:",
        "if not has_died:",
        STATEMENTS,
    ),
    Mutation(
        "a statement is sent on a connection that has ended",
        "server/database/driver.py",
        "if writes and not connection.is_good():",
        "if False:",
        STATEMENTS,
    ),
    Mutation(
        "a message by itself forgets the webhooks",
        "desk/tickets/fast_path.py",
        "        exists (select from delivered), {had_draft}\n",
        "        false, {had_draft}\n",
        STATEMENTS,
    ),
    Mutation(
        "a message by itself leaves the ticket resolved",
        "desk/tickets/fast_path.py",
        "or (status <> 'resolved' and (snoozed_until is null or not wakes_on_reply))",
        "or (snoozed_until is null or not wakes_on_reply)",
        STATEMENTS,
    ),
    Mutation(
        "a statement forgets the webhooks",
        "desk/webhooks/webhook_queue.py",
        "    from said, ticket, ({ASKING}) asking\n",
        "    from said, ticket, ({ASKING} limit 0) asking\n",
        ("tests/desk/test_fast_path.py",),
    ),
    Mutation(
        "words are indexed by each worker that saw them",
        "desk/tickets/search.py",
        "        from taken group by",
        "        from picked group by",
        ("tests/desk/test_races.py",),
    ),
    Mutation(
        "a document that is behind is searched as it is",
        "desk/tickets/search.py",
        ".where(has_words, ~has_more)",
        ".where(has_words)",
        ("tests/server/test_search.py",),
    ),
    Mutation(
        "a note is indexed for customers",
        "desk/tickets/search.py",
        " filter (where is_public), '')\"",
        ", '')\"",
        ("tests/desk/test_search.py", "tests/server/test_search.py"),
    ),
    Mutation(
        "a message does not lock its ticket",
        "desk/tickets/fast_path.py",
        "        for no key update\n",
        "",
        STATEMENTS,
    ),
    Mutation(
        "an emit without a room",
        "server/transport/socket_server.py",
        "in self.manager.get_participants(NAMESPACE, room)",
        "in self.manager.get_participants(NAMESPACE, None)",
        ("tests/server/test_conversation.py", "tests/server/test_rights.py"),
    ),
    Mutation(
        "what is written at once overtakes what waits",
        "server/transport/engine_websocket.py",
        "self._writer is not None\n            or self._state is State.OVER",
        "self._state is State.OVER",
        SEND_QUEUE,
    ),
    Mutation(
        "what comes with the handshake is lost",
        "server/transport/handshake.py",
        "http.set_parser(cast(WebSocketReader, websocket))",
        "websocket.feed_eof()",
        ENGINE_WEBSOCKET,
    ),
    Mutation(
        "a stop does not wait for what is being handled",
        "server/transport/engine_websocket.py",
        "await asyncio.wait({self._reader}, timeout=CLOSE_SECONDS)",
        "pass",
        ENGINE_WEBSOCKET,
    ),
    Mutation(
        "what waits in the transport is not counted",
        "server/transport/send_queue.py",
        "self._size + unsent > LONGEST_WAITING",
        "self._size > LONGEST_WAITING",
        SEND_QUEUE,
    ),
    Mutation(
        "events that wait outlive the session",
        "server/transport/send_queue.py",
        "if not isinstance(item, EncodedEvent):",
        "if item:",
        SEND_QUEUE,
    ),
    Mutation(
        "customers get the staff's numbers",
        "wire/shapes.py",
        "replace(self.event, seq=self.public_seq, data=data)",
        "replace(self.event, data=data)",
        ROOMS,
    ),
    Mutation(
        "notes go to everybody",
        "wire/shapes.py",
        "        if not self.public_seq:\n            return None\n",
        "",
        ROOMS,
    ),
    Mutation(
        "hints of other processes are not heard",
        "server/live/bus.py",
        "            message = messages.read(received)\n",
        "            message = Echo()\n",
        ("tests/cluster/test_hints.py",),
    ),
    Mutation(
        "what was read is not known to the inbox",
        "desk/tickets/changed.py",
        "        left |= self.by_reader",
        "        assert self.by_reader is not None",
        ("tests/desk/test_unread.py", "tests/desk/test_views.py"),
    ),
    Mutation(
        "who is silent is not pinged",
        "server/transport/pings.py",
        "                    self._ping(connection)",
        "                    assert connection",
        ("tests/server/test_silent_client.py",),
    ),
)


def noticed(mutation: Mutation, folder: Path) -> str:
    """What the tests said, in one word."""
    path = folder / mutation.path
    source = path.read_text()
    path.write_text(mutation.made(source))
    try:
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        run = subprocess.run(
            [*command, *mutation.tests], cwd=folder, capture_output=True, timeout=LONGEST_SECONDS
        )
    except subprocess.TimeoutExpired:
        return "killed (hung)"
    finally:
        path.write_text(source)
    # 1: tests failed; 2 and more: they could not be run, which proves nothing.
    return {0: "SURVIVED", 1: "killed"}.get(run.returncode, f"BROKEN ({run.returncode})")


@click.command()
@click.option("--only", default="", help="A word of the name.")
def main(only: str) -> None:
    chosen = [mutation for mutation in MUTATIONS if only in mutation.name]
    if not chosen or (wrong := list(stale(MUTATIONS))):
        raise click.ClickException("\n".join(wrong if chosen else ["No mutation has such a name"]))
    is_good = True
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "tree"
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
        for mutation in chosen:
            began = time.monotonic()
            word = noticed(mutation, folder)
            is_good &= word.startswith("killed")
            click.echo(f"{mutation.name:48} {word:16} {time.monotonic() - began:5.0f} s")
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
