"""Lines that a thread writes: in order and whole, whether or not somebody reads them."""

import os
import subprocess
import sys
import threading

import pytest

from server.log_stream import CHUNK, MOST_CHUNKS, LogStream

ENDS = """
import sys
from server.log_stream import LogStream
stream = LogStream(sys.stdout)
for number in range(1000):
    stream.write(f"{number}\\n")
END
"""


WORDS = ("before", "a duck", "half a letter", "after")
UNWRITABLE = """
import logging, sys
import logs
from server.log_stream import LogStream
logs.configure("INFO", "FORM")
logs.configure("INFO", "FORM", LogStream(sys.stdout))
for said in ("before", "a duck: \\U0001f986", "half a letter: \\udcff", "after"):
    logging.getLogger("x").warning(said)
"""


def whole(lines: list[str]) -> list[int]:
    """The numbers of lines that are as they were written."""
    return [int(line.partition(" ")[0]) for line in lines if line.endswith(" end")]


def test_who_writes_does_not_wait_for_a_pipe_that_nobody_reads() -> None:
    read, write = os.pipe()
    written = 2 * CHUNK * MOST_CHUNKS // 100
    with os.fdopen(read) as reading, os.fdopen(write, "w") as writing:
        stream = LogStream(writing)
        for number in range(written):
            stream.write(f"{number} {'x' * 90} end\n")
        # Now somebody reads: what was taken, and how much was not.
        found: list[str] = []
        reader = threading.Thread(target=lambda: found.extend(reading.read().splitlines()))
        reader.start()
        stream.close()
        writing.close()
        reader.join()
    numbers = whole(found)
    assert 0 < len(numbers) < written
    [lost] = [line for line in found if "lines were lost" in line]
    assert len(numbers) + int(lost.partition(" ")[0]) == written
    assert numbers == sorted(numbers)


def test_many_lines_come_in_pieces_that_a_pipe_takes_whole() -> None:
    pieces: list[str] = []

    class Pipe:
        def write(self, piece: str) -> None:
            pieces.append(piece)

        def flush(self) -> None: ...

    stream = LogStream(Pipe())  # type: ignore[arg-type]
    lines = [f"{number} {'x' * (number % 300)} end\n" for number in range(3000)]
    for line in lines:
        stream.write(line)
    stream.close()
    assert "".join(pieces) == "".join(lines)
    assert all(piece.endswith("\n") and len(piece) <= 4096 for piece in pieces)


def test_what_was_taken_is_written_however_the_program_ends() -> None:
    for end in ("", "sys.exit(3)", "raise ValueError", "import signal; signal.raise_signal(2)"):
        ran = subprocess.run(
            [sys.executable, "-c", ENDS.replace("END", end)], capture_output=True, text=True
        )
        assert ran.stdout.split() == [str(number) for number in range(1000)]


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("encoding", ["ascii:strict", "utf-8:strict"])
def test_no_line_is_lost_with_letters_that_its_stream_does_not_have(
    form: str, encoding: str
) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", UNWRITABLE.replace("FORM", form)],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
    )
    said = ran.stdout.decode().splitlines()
    assert [word in line for word, line in zip(WORDS, said, strict=True)] == [True] * len(WORDS)
