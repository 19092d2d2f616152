"""A stream that a thread writes: nobody waits while nobody reads what is at its other end."""

import atexit
import contextlib
import queue
import threading
from io import TextIOBase
from typing import TextIO

# Characters that wait to be handed over, and seconds for which they do.
CHUNK = 64 * 1024
SECONDS = 1.0
# Chunks that wait to be written: what is more is lost, and said to be.
MOST_CHUNKS = 128
# A pipe takes as much at once, so that the lines of several processes do not run into each other.
AT_ONCE = 4096
STOP_SECONDS = 5.0


class LogStream(TextIOBase):
    """Takes whole lines, and writes them in their order: in a second or two, or when they are many.

    What was taken is written before the process ends, unless it is killed.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.RLock()  # A signal may come amid.
        self._lines: list[str] = []
        self._size = 0
        self._lost = 0
        self._chunks: queue.Queue[str | None] = queue.Queue(MOST_CHUNKS)
        self._thread = threading.Thread(target=self._write_forever, name="log", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def write(self, line: str) -> int:
        with self._lock:
            self._lines.append(line)
            self._size += len(line)
            if self._size >= CHUNK:
                self._hand_over()
        return len(line)

    def flush(self) -> None:
        """Does nothing: what is written is not awaited."""

    def _hand_over(self, patience: float = 0) -> None:
        """With the lock: a chunk for the thread, with how many lines were lost before it."""
        lines, self._lines, self._size = self._lines, [], 0
        said = [f"{self._lost} lines were lost, as nobody read them\n"] if self._lost else []
        try:
            self._chunks.put("".join([*said, *lines]), patience > 0, patience or None)
            self._lost = 0
        except queue.Full:
            self._lost += len(lines)

    def _write_forever(self) -> None:
        while True:
            try:
                chunk = self._chunks.get(timeout=SECONDS)
            except queue.Empty:
                with self._lock:
                    if self._lines:
                        self._hand_over()
                continue
            if chunk is None:
                return
            with contextlib.suppress(OSError, ValueError):  # Nobody is there to read it any more.
                self._write(chunk)

    def _write(self, chunk: str) -> None:
        piece: list[str] = []
        size = 0
        for line in chunk.splitlines(keepends=True):
            if size + len(line) > AT_ONCE and piece:
                self._stream.write("".join(piece))
                self._stream.flush()
                piece, size = [], 0
            piece.append(line)
            size += len(line)
        self._stream.write("".join(piece))
        self._stream.flush()

    def close(self) -> None:
        """Writes what is left, and ends the thread."""
        with self._lock:
            self._hand_over(STOP_SECONDS)
        with contextlib.suppress(queue.Full):
            self._chunks.put(None, timeout=STOP_SECONDS)
        self._thread.join(STOP_SECONDS)
