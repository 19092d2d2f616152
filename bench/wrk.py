"""REST load by wrk, which is cheap enough not to be what is measured."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.house import House, Subject
from bench.rounds import Sample, metered

SCRIPT = Path(__file__).with_name("check.lua")
CONNECTIONS = 32


@dataclass(frozen=True)
class Request:
    path: str
    token: str
    method: str = "GET"
    body: str = ""
    # Where it comes from, as a proxy says; the servers see them all come from here.
    address: str = "127.0.0.1"

    @property
    def line(self) -> str:
        return "\t".join((self.method, self.path, self.token, self.address, self.body))


@dataclass(frozen=True)
class Load:
    """Requests that are sent in turns; ``answers``: as `check.lua` takes them, per subject."""

    requests: Sequence[Request]
    answers: dict[str, list[str]]
    status: int = 200


def run(house: House, subject: Subject, load: Load, seconds: float) -> Sample:
    requests, answers = house.folder / "requests", house.folder / "answers"
    requests.write_text("".join(f"{request.line}\n" for request in load.requests))
    answers.write_text("".join(f"{answer}\n" for answer in load.answers[subject.name]))
    argv = [
        "wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration",
        f"{seconds:.0f}s", "--script", str(SCRIPT), subject.url, "--", str(requests),
        str(answers), str(load.status),
    ]  # fmt: skip
    with metered(house, subject) as meter:
        said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    found = json.loads(said.rpartition("found: ")[2])
    return Sample(
        subject=subject.name,
        done=found["done"],
        wrong=found["wrong"],
        seconds=found["seconds"],
        server_cpu=meter.server_cpu,
        database_cpu=meter.database_cpu,
        redis_cpu=meter.redis_cpu,
        generator_cpu=meter.programs_cpu,
        memory=meter.memory,
        p50=found["p50"],
        p99=found["p99"],
    )
