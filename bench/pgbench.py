"""The same SQL by pgbench: what PostgreSQL answers where nobody makes JSON of it."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from bench.house import House, Subject
from bench.machine import pinned
from bench.rounds import Refused, Sample, metered

NAME = "pgbench"
CONNECTIONS = 16


def subject(house: House) -> Subject:
    """It is started anew for each round, and has no process of its own before."""
    return Subject(NAME, "", os.getpid(), 0.0, house.peers)


def script(sql: str, **values: UUID | str) -> str:
    return sql % {name: f"'{value}'" for name, value in values.items()} + ";"


def run(house: House, subject: Subject, scripts: Sequence[str], seconds: float) -> Sample:
    """Runs the scripts at random, prepared, on the server's core."""
    folder = house.folder / NAME
    folder.mkdir(exist_ok=True)
    files = [folder / f"{n}.sql" for n in range(len(scripts))]
    for file, text in zip(files, scripts, strict=True):
        file.write_text(text)
    for log in folder.glob("log.*"):
        log.unlink()
    argv = [
        house.pgbench, "--no-vacuum", "--protocol", "prepared",
        "--client", str(CONNECTIONS), "--time", f"{seconds:.0f}",
        "--log", "--log-prefix", str(folder / "log"),
        *(f"--file={file}" for file in files), subject.database,
    ]  # fmt: skip
    with metered(house, subject) as meter:
        ran = subprocess.run(pinned(house.cores.of(1), argv), capture_output=True, text=True)
    if ran.returncode:
        raise Refused(f"pgbench: {ran.stderr}")
    # Client, transaction and microseconds, then what is of no interest here.
    took = [int(line.split()[2]) / 1000 for log in folder.glob("log.*") for line in _lines(log)]
    sample = meter.sample(subject, took, wrong=0, generator_cpu=0)
    return replace(sample, server_cpu=meter.programs_cpu, memory=0)


def _lines(log: Path) -> list[str]:
    return log.read_text().splitlines()
