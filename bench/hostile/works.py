"""Each attack in rounds: before, during, after, and what was used meanwhile."""

import asyncio
import dataclasses
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from bench.hostile.attacker import GO, READY, Orders, Toll
from bench.hostile.attacks import ATTACKS, Attack
from bench.hostile.honest import RATES, Honest, Phase, honest
from bench.hostile.scene import Scene, scene
from bench.house import House
from bench.rounds import Refused, Sample, Work, part
from tests.conftest import ROOT

BEFORE, DURING, AFTER = "before", "during", "after"
WARM_UP = 4.0
LOOK_SECONDS = 0.2
# Of the answers that an attack is about, in a round: with fewer it was none. On a machine that has
# much else to do, passwords are checked seldom.
FEWEST = 3
# An attack ends when what it has sent is answered.
SLOWEST = 60.0


def works(house: House, name: str, rounds: int, seconds: float) -> Iterator[Work]:
    """Raises `Refused` where the attack did not come as far as it was meant to."""
    attack = ATTACKS[name]
    with scene(house) as here:
        found = asyncio.run(_rounds(here, name, rounds, seconds))
    yield found[0]
    if attack.kind is not None:
        yield found[1]


def title(attack: Attack, kind: str | None = None) -> str:
    return f"{f'{kind} ' if kind else ''}beside {attack.what}"


async def _rounds(here: Scene, name: str, rounds: int, seconds: float) -> list[Work]:
    attack = ATTACKS[name]
    found = [Work(title(attack), "answer"), Work(title(attack, attack.kind), attack.kind or "")]
    async with honest(here.cluster.urls, here.customers, here.csrs) as friends:
        with_log_ins = attack.kind == "log-in"
        await friends.phase(WARM_UP, with_log_ins=with_log_ins)
        base = here.memory
        for n in range(rounds):
            accounts = here.attackers(attack.accounts, is_long=attack.is_long)
            orders = Orders(name, here.cluster.urls, f"127.0.2.{n + 1}", seconds, accounts)
            async with _attacker(orders) as process:
                for subject in (BEFORE, DURING, AFTER):
                    meter = Meter(here, base)
                    async with meter.watching():
                        if subject == DURING:
                            meter.toll, phase = await _under_attack(process, friends, orders)
                        else:
                            phase = await friends.phase(seconds, with_log_ins=with_log_ins)
                    require_aimed(attack, meter.toll)
                    found[0].samples.append(meter.sample(subject, phase, *RATES))
                    if attack.kind is not None:
                        found[1].samples.append(meter.sample(subject, phase, attack.kind))
    return found


@asynccontextmanager
async def _attacker(orders: Orders) -> AsyncIterator[Process]:
    """Its process, ready."""
    argv = (sys.executable, "-m", "bench.hostile.attacks")
    process = await asyncio.create_subprocess_exec(*argv, stdin=PIPE, stdout=PIPE, cwd=ROOT)
    try:
        await _say(process, json.dumps(dataclasses.asdict(orders)))
        if await _hear(process) != READY:
            raise Refused(f"{orders.name}: the attacker did not start")
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _under_attack(process: Process, friends: Honest, orders: Orders) -> tuple[Toll, Phase]:
    with_log_ins = ATTACKS[orders.name].kind == "log-in"
    await _say(process, GO)
    phase = await friends.phase(orders.seconds, with_log_ins=with_log_ins)
    try:
        async with asyncio.timeout(SLOWEST):
            said = json.loads(await _hear(process))
    except (TimeoutError, ValueError) as error:
        raise Refused(f"{orders.name}: the attacker came to no end") from error
    return Toll(**said | {"answers": Counter(said["answers"])}), phase


async def _say(process: Process, line: str) -> None:
    assert process.stdin
    process.stdin.write(f"{line}\n".encode())
    await process.stdin.drain()


async def _hear(process: Process) -> str:
    assert process.stdout
    return (await process.stdout.readline()).decode().strip()


def require_aimed(attack: Attack, toll: Toll | None) -> None:
    """Raises `Refused` where an attack was none."""
    if toll is not None and sum(toll.answers[aim] for aim in attack.aims) < FEWEST:
        raise Refused(f"{title(attack)}: it was none, its answers: {dict(toll.answers)}")


class Meter:
    """What the product used in a phase. ``base``: its memory before the first round."""

    def __init__(self, here: Scene, base: list[int]) -> None:
        self._here, self._base = here, base
        self._highest = here.memory
        self.toll: Toll | None = None

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        looking = asyncio.create_task(self._look())
        began, before, own = time.perf_counter(), self._here.cpu, time.process_time()
        yield
        self._seconds, self._own = time.perf_counter() - began, time.process_time() - own
        after = self._here.cpu
        self._cpu = [now - then for then, now in zip(before, after, strict=True)]
        looking.cancel()
        self._memory = self._here.memory

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            pairs = zip(self._highest, self._here.memory, strict=True)
            self._highest = [max(pair) for pair in pairs]

    def sample(self, subject: str, phase: Phase, *kinds: str) -> Sample:
        times, wrong = phase.of(*kinds)
        times.sort()
        return Sample(
            subject=subject,
            done=len(times),
            wrong=wrong,
            seconds=self._seconds,
            server_cpu=self._cpu[0],
            database_cpu=self._cpu[1],
            redis_cpu=self._cpu[2],
            generator_cpu=self._own,
            memory=sum(self._memory),
            p50=part(times, 0.5),
            p99=part(times, 0.99),
            more=self._more(phase),
        )

    def _more(self, phase: Phase) -> dict[str, float]:
        found: dict[str, float] = {}
        for n, base in enumerate(self._base):
            found |= {f"base {n}": base, f"highest {n}": max(self._highest[n], self._memory[n])}
            found[f"memory {n}"] = self._memory[n]
        for kind, times in phase.took.items():
            found[f"p50 {kind}"] = part(sorted(times), 0.5)
            found[f"p99 {kind}"] = part(sorted(times), 0.99)
        found |= {f"wrong {what}": n for what, n in phase.wrong.items()}
        if self.toll is not None:
            found |= {"sent": self.toll.sent, "attacker_cpu": self.toll.cpu}
            found |= {f"answer {what}": n for what, n in self.toll.answers.items()}
        return found
