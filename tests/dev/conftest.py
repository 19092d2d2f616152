"""Real processes for the tests, and certainty that none of them stays."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests.waiting import PATIENCE, block_until

REPOSITORY = Path(__file__).parents[2]

Process = subprocess.Popen[str]
Start = Callable[..., Process]


def processes_with(mark: object) -> list[str]:
    """The processes whose command line has the mark in it: "pid command"."""
    listed = subprocess.run(
        ["ps", "-ww", "-eo", "pid,args"], capture_output=True, text=True, check=True
    )
    return [line.strip() for line in listed.stdout.splitlines() if str(mark) in line]


def until_gone(mark: object) -> None:
    block_until(lambda: not processes_with(mark))


def pid_of(mark: object) -> int:
    """The youngest process with that mark."""
    block_until(lambda: processes_with(mark))
    return max(int(line.split()[0]) for line in processes_with(mark))


def read_until(process: Process, words: str) -> str:
    """The output up to the line with these words in it."""
    assert process.stdout is not None
    read = ""
    for line in process.stdout:
        read += line
        if words in line:
            return read
    raise AssertionError(f"ended without saying {words!r}:\n{read}")


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a command in the repository or `cwd`; it is killed at the end of the test."""
    begun: list[Process] = []

    def begin(
        argv: Sequence[str | Path], *, cwd: Path = REPOSITORY, env: Mapping[str, str] | None = None
    ) -> Process:
        process = subprocess.Popen(
            list(map(str, argv)),
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"}
            | dict(env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        with suppress(ProcessLookupError):
            process.kill()
        process.communicate(timeout=PATIENCE)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]
