"""What the launcher tells the person at the keyboard."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def say(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:  # nobody listens any more: no reason to stop
        sys.stdout = sys.stderr


@contextmanager
def step(what: str) -> Iterator[None]:
    """Says how long it took. A line before would be late for nothing: servers need a second."""
    began = time.monotonic()
    yield
    say(f"{what} … ready in {time.monotonic() - began:.1f} s")


def welcome(url: str, folder: Path, *, embedded: bool) -> str:
    """The block that is printed once everything answers."""
    lines = [
        "",
        f"  {url}/desk      the agents' console",
        f"  {url}/          the customers' pages",
        f"  {url}/docs      the REST API, to try out",
        f"  {url}/asyncapi  the sockets",
        "",
    ]
    if accounts := _accounts(folder / "demo.json"):
        lines += ["  Demo accounts:", *accounts, ""]
    if embedded:
        lines += [f"  The database, the mails and the logs of the servers are in {folder}."]
    lines += ["  Ctrl-C stops everything.", ""]
    return "\n".join(lines)


def _accounts(path: Path) -> list[str]:
    try:
        accounts = [(a["role"], a["email"], a["password"]) for a in json.loads(path.read_text())]
    except (OSError, ValueError, TypeError, KeyError):
        return []
    widths = [max((len(account[n]) for account in accounts), default=0) for n in range(2)]
    return [f"    {r:<{widths[0]}}  {e:<{widths[1]}}  {p}" for r, e, p in accounts]
