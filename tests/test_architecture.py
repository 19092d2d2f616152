"""Who may import whom."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# What each part of the house may import of the others.
ALLOWED = {
    "models": set(),
    "desk": {"models"},
    "wire": {"models", "desk"},
    "server": {"models", "desk", "wire", "config", "logs", "processes"},
    "worker": {"models", "desk", "wire", "config", "logs", "processes"},
    "processes": set(),
    "embedded": {"processes"},
    "dev": {"config", "processes", "embedded"},
    # Of the server only how it digests a password.
    "manage": {"models", "desk", "wire", "server", "embedded", "dev", "config", "processes"},
    "config": set(),
    "logs": set(),
    "migrations": {"models", "config"},
}
# What rules and tables must never meet.
TRANSPORT = {"aiohttp", "socketio", "engineio", "celery", "kombu", "redis", "asyncio", "bcrypt"}


def modules(part: str) -> list[Path]:
    folder = ROOT / part
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [ROOT / f"{part}.py"]


def imported(path: Path) -> set[str]:
    """The top-level names of all that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("part", ALLOWED)
def test_imports_point_inward(part: str) -> None:
    paths = modules(part)
    assert paths
    for path in paths:
        wrong = (imported(path) & ALLOWED.keys()) - ALLOWED[part] - {part}
        assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}"


@pytest.mark.parametrize("part", ["models", "desk"])
def test_rules_and_tables_know_no_transport(part: str) -> None:
    for path in modules(part):
        wrong = imported(path) & TRANSPORT
        assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}"


# What a web process loads late, so that it starts sooner: all but its settings, where it is the
# parent of others, and Celery.
LATE = {("server/__main__.py", "_made"), ("server/live/delivery.py", "_wake")}


@pytest.mark.parametrize("part", ALLOWED)
def test_imports_stand_at_the_top(part: str) -> None:
    for path in modules(part):
        name = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                inside = [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)]
                assert bool(inside) == ((name, node.name) in LATE), f"{name}: {node.name}"


def test_a_wrong_import_is_found(tmp_path: Path) -> None:
    module = tmp_path / "wrong.py"
    module.write_text("def late() -> None:\n    from server.app import create_app\n")
    assert imported(module) == {"server"}
