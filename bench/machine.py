"""The machine: which core does what, and what a process has used of it."""

import os
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Cores:
    """Which cores the measured server may use, and all that there are."""

    server: list[int]
    all: list[int]

    def of(self, processes: int) -> list[int]:
        """One for each process; on a small machine those of the load, too."""
        return self.server[:processes] if processes <= len(self.server) else self.all


def divide() -> Cores:
    """Leaves the first core to the server that is measured, and takes the others ourselves.

    What we start from now on runs on the others, too. Of four or more cores the server has two,
    for two processes.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise SystemExit("The bench needs two cores: one for the server, one for its load")
    kept = 2 if len(cores) >= 4 else 1
    os.sched_setaffinity(0, cores[kept:])
    return Cores(cores[:kept], cores)


def pinned(cores: Sequence[int], argv: Sequence[str]) -> list[str]:
    return ["taskset", "-c", ",".join(map(str, cores)), *argv]


def family(pid: int) -> list[int]:
    """The process and all it has started."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(_fields(stat)[1])
        except OSError:  # It has just ended.
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = [pid]
    for member in found:
        found += children.get(member, [])
    return found


def cpu_seconds(pid: int) -> float:
    """What the process and its family have used since they began, those that ended included."""
    return sum(_cpu(member) for member in family(pid))


def children_cpu() -> float:
    """What programs have used that this process has run to their end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _cpu(pid: int) -> float:
    try:
        fields = _fields(Path(f"/proc/{pid}/stat"))
        own = time.clock_gettime(_cpu_clock(pid))
    except OSError:
        return 0.0
    # User and system time of the children that ended, in ticks of 10 ms.
    return own + sum(map(int, fields[13:15])) / TICKS


def _cpu_clock(pid: int) -> int:
    """The process's own clock, in nanoseconds: what clock_getcpuclockid(3) makes of a pid."""
    return ~pid << 3 | 2


def _fields(stat: Path) -> list[str]:
    """From the third on: those after the name, which may have spaces."""
    return stat.read_text().rpartition(") ")[2].split()


def listeners(port: int) -> int:
    """How many sockets accept connections on the port, over IPv4."""
    accepting = f":{port:04X} 00000000:0000 0A "
    return Path("/proc/net/tcp").read_text().count(accepting)


def resident(pid: int) -> int:
    """Bytes of memory that the family has, shared ones counted for each."""
    found = 0
    for member in family(pid):
        found += int(Path(f"/proc/{member}/statm").read_text().split()[1]) * PAGE
    return found
