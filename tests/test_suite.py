"""What holds for the tests themselves, so that a busy machine cannot break them."""

import ast
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
# But for where waiting for a fact is written down once.
PATHS = sorted(path for path in TESTS.rglob("*.py") if path.name != "waiting.py")
CLOCKS = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"}


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text())))


def name_of(call: ast.AST) -> str:
    """``sleep`` of ``asyncio.sleep(1)``; empty where it is no call."""
    called = call.func if isinstance(call, ast.Call) else None
    return str(getattr(called, "attr", getattr(called, "id", "")))


def is_sleep(call: ast.AST) -> bool:
    """Whether time is what it waits for: a pause of 0 only leaves a turn to others."""
    return (
        name_of(call) == "sleep"
        and isinstance(call, ast.Call)
        and isinstance(call.args[0], ast.Constant)
        and call.args[0].value != 0
    )


def is_measured(node: ast.AST) -> bool:
    """Whether a duration is compared: the difference of a clock and something else."""
    return isinstance(node, ast.Compare) and any(
        isinstance(part, ast.BinOp)
        and isinstance(part.op, ast.Sub)
        and any(name_of(call) in CLOCKS for call in ast.walk(part))
        for part in ast.walk(node)
    )


def imports_a_test(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and bool(
        re.match(r"tests\b.*\.test_", node.module or "")
    )


@pytest.mark.parametrize("is_wrong", [is_sleep, is_measured, imports_a_test])
def test_no_test_waits_for_time_or_judges_it_or_imports_a_test(
    is_wrong: Callable[[ast.AST], bool],
) -> None:
    places = [
        f"{path.relative_to(TESTS)}:{getattr(node, 'lineno', 0)}"
        for path in PATHS
        for node in nodes(path)
        if is_wrong(node)
    ]
    assert not places


@pytest.mark.parametrize("code", ["time.sleep(1)", "await asyncio.sleep(0.05)"])
def test_a_sleep_is_seen(code: str) -> None:
    assert any(is_sleep(node) for node in ast.walk(ast.parse(code)))


@pytest.mark.parametrize(
    "code", ["assert time.monotonic() - began < 2", "assert 1 > perf_counter() - began"]
)
def test_a_measured_duration_is_seen(code: str) -> None:
    assert any(is_measured(node) for node in ast.walk(ast.parse(code)))
