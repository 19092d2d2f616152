"""The report: tables for the terminal, JSON for machines, a page with plots for people."""

import dataclasses
import html
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.goals import Works, outcomes
from bench.rounds import Metric, Refused, Sample, Work, number

WIDTH, ROW, LEFT, RIGHT = 640, 26, 190, 90

COLUMNS: tuple[tuple[str, Metric], ...] = (
    ("per second", lambda s: s.rate),
    ("server CPU µs", lambda s: 1e6 * s.server_cpu / s.done),
    ("database CPU µs", lambda s: 1e6 * s.database_cpu / s.done),
    ("p50 ms", lambda s: s.p50),
    ("p99 ms", lambda s: s.p99),
    ("server busy %", lambda s: 100 * s.server_cpu / s.seconds),
    ("generator busy %", lambda s: 100 * s.generator_cpu / s.seconds),
    ("memory MB", lambda s: s.memory / 1e6),
)
PLOTTED = (0, 1, 4)
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Benchmarks of the ticket desk</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; background: #fff }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums }}
th, td {{ text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #ddd }}
.missed, .refused {{ color: #b00020 }} .met {{ color: #087f23 }} figure {{ margin: 1rem 0 }}
svg text {{ font: 13px system-ui, sans-serif }} figcaption {{ color: #555 }}
</style>
<h1>Benchmarks of the ticket desk</h1>
<p>{machine}. Medians; the ends of all rounds stand in parentheses. One dot is one round, a bar
their median.</p>
{body}
</html>
"""


def machine(product: Path) -> str:
    """When and where it is measured, and which commit of the product."""
    now = datetime.now(UTC)
    git = ["git", "-C", str(product), "describe", "--always", "--dirty"]
    try:
        commit = subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        commit = product.name  # No work tree of Git.
    return (
        f"{now:%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"product {commit}"
    )


def text(works: Works) -> Iterator[str]:
    """Line by line; a work whose answers were wrong shows their number and no ratio."""
    for work in works.values():
        yield f"\n{work.name}: {len(work.of(work.subjects[0]))} rounds, per {work.unit}"
        yield from _table(("", *(name for name, _ in COLUMNS)), _rows(work))
    yield "\nGoals"
    yield from _table(("work", "what", "goal", "found", ""), _goal_rows(works))


def _rows(work: Work) -> Iterator[list[str]]:
    for subject in work.subjects:
        try:
            found = [number(work.spread(subject, metric).median) for _, metric in COLUMNS]
        except Refused as error:
            found = [str(error)]
        yield [subject, *found]


def _goal_rows(works: Works) -> Iterator[list[str]]:
    for outcome in outcomes(works):
        goal = outcome.goal
        bound = f"{'≥' if goal.at_least else '≤'} {number(goal.bound)} {goal.unit}"
        found = str(outcome.spread) if outcome.spread else outcome.refused
        yield [goal.work, goal.what, bound, found, outcome.verdict]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    lines = [head, *rows]
    # A sentence in place of figures may be as long as it is.
    whole = [line for line in lines if len(line) == len(head)]
    widths = [max(len(line[n]) for line in whole) for n in range(len(head))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=False))
        yield "  ".join(cells).rstrip()


def write(works: Works, folder: Path, machine: str) -> Path:
    """Writes ``report.json`` and ``report.html``; returns the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {
        "machine": machine,
        "works": [dataclasses.asdict(work) for work in works.values()],
        "goals": [
            {
                "work": outcome.goal.work,
                "what": outcome.goal.what,
                "bound": outcome.goal.bound,
                "found": dataclasses.asdict(outcome.spread) if outcome.spread else None,
                "verdict": outcome.verdict,
            }
            for outcome in outcomes(works)
        ],
    }
    (folder / "report.json").write_text(json.dumps(found, indent=1, ensure_ascii=False))
    page = folder / "report.html"
    page.write_text(PAGE.format(machine=html.escape(machine), body=_body(works)))
    return page


def read(folder: Path) -> dict[str, Work]:
    """What an earlier run found, by name; nothing where there was none."""
    try:
        found = json.loads((folder / "report.json").read_text())["works"]
    except FileNotFoundError:
        return {}
    return {
        work["name"]: Work(work["name"], work["unit"], [Sample(**s) for s in work["samples"]])
        for work in found
    }


def _body(works: Works) -> str:
    parts = ["<h2>Goals</h2><table>"]
    for row in _goal_rows(works):
        cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in row)
        parts.append(f'<tr class="{html.escape(row[-1])}">{cells}</tr>')
    parts.append("</table>")
    for work in works.values():
        parts.append(f"<h2>{html.escape(work.name)}</h2>")
        for wrong in _wrong(work):
            parts.append(f'<p class="refused">{html.escape(wrong)}</p>')
        for n in PLOTTED:
            name, metric = COLUMNS[n]
            parts.append(_plot(f"{name}, per {work.unit}" if n == 1 else name, work, metric))
    return "\n".join(parts)


def _wrong(work: Work) -> Iterator[str]:
    for subject in work.subjects:
        if wrong := sum(sample.wrong for sample in work.of(subject)):
            yield f"{subject} had {wrong} wrong answers: no ratio is drawn"


def _plot(name: str, work: Work, metric: Metric) -> str:
    """One line per subject, from zero to the largest value."""
    values = {s: [metric(m) for m in work.of(s) if _sound(m)] for s in work.subjects}
    largest = max((value for found in values.values() for value in found), default=0.0)
    if not largest:
        return ""
    height = ROW * len(values) + 4
    drawn = [f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" role="img">']
    for row, (subject, found) in enumerate(values.items()):
        y = row * ROW + ROW // 2 + 2
        drawn.append(f'<text x="0" y="{y + 4}">{html.escape(subject)}</text>')
        drawn.append(f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        places = [LEFT + (WIDTH - RIGHT - LEFT) * value / largest for value in found]
        drawn += [f'<circle cx="{x:.1f}" cy="{y}" r="4" fill="#1f6feb66"/>' for x in places]
        if found:
            middle = sorted(places)[len(places) // 2]
            drawn.append(f'<path d="M{middle:.1f} {y - 9}v18" stroke="#0b3d91" stroke-width="3"/>')
            median = number(sorted(found)[len(found) // 2])
            drawn.append(f'<text x="{WIDTH - RIGHT + 8}" y="{y + 4}">{median}</text>')
    drawn.append("</svg>")
    caption = f"<figcaption>{html.escape(name)}</figcaption>"
    return f"<figure>{''.join(drawn)}{caption}</figure>"


def _sound(sample: Sample) -> bool:
    return bool(sample.done) and not sample.wrong
