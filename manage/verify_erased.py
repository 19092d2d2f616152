"""``verify-erased``: whether words are gone, from every table and from every stored file."""

from collections.abc import Iterator, Sequence

import click

from config import Database, read
from desk.erasure.traces import traces
from manage import environment
from manage.database import transaction
from wire.files import FileStore


@click.command()
@click.option(
    "--word",
    "words",
    multiple=True,
    required=True,
    help="A name, an address or a rare word of theirs, whatever its case. May be given again.",
)
def verify_erased(words: Sequence[str]) -> None:
    """Look for words of a person who was erased.

    In all tables, the search index among them, and in all files of messages; in files, as they
    stand there. Says where, and how often, and fails if there is one. Of common words there will
    be.
    """
    environment.enter()
    sought = [word for word in words if word.strip()]
    if not sought:
        raise click.UsageError("A word has to have something in it")
    with transaction() as session:
        found = [f"{table}: {count}" for table, count in traces(session, sought)]
    found += [f"file {name}" for name in _files(sought)]
    for line in found:
        click.echo(line)
    if found:
        raise click.ClickException("there is something left")
    click.echo("Nothing is left.")


def _files(words: Sequence[str]) -> Iterator[str]:
    """The files that have one of the words."""
    sought = [word.lower().encode() for word in words]
    store = FileStore(read(Database).file_store)
    for name in store.names():
        kept = b""
        for chunk in store.chunks(name):
            kept += chunk.lower()
            if any(word in kept for word in sought):
                yield name
                break
            # What begins at the end of a chunk goes on in the next one.
            kept = kept[-max(map(len, sought)) :]
