"""Who may import whom: parts of the house, the rooms in them by floors, and what stands where."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# What each part of the house may import of the others.
ALLOWED: dict[str, set[str]] = {
    "models": set(),
    "desk": {"models"},
    "wire": {"models", "desk"},
    "server": {"models", "desk", "wire", "config", "config_sign_on", "logs", "processes"},
    "worker": {"models", "desk", "wire", "config", "logs", "processes"},
    "processes": set(),
    "embedded": {"processes"},
    "dev": {"config", "processes", "embedded"},
    # Of the server only how it digests a password, of the launcher where it runs.
    "manage": {"models", "desk", "wire", "server", "embedded", "dev", "config", "processes"},
    "config": {"config_sign_on"},
    "config_sign_on": set(),
    "logs": set(),
    "migrations": {"models", "config"},
}
# What rules and tables must never meet.
TRANSPORT = {"aiohttp", "socketio", "engineio", "celery", "kombu", "redis", "asyncio", "bcrypt"}

# The floors of a part, lowest first: rooms and modules. Each imports of its part only what stands
# on lower floors; a room its own modules, too, and modules of one floor one another. No circle.
FLOORS: dict[str, tuple[set[str], ...]] = {
    "desk": (
        {"access", "crypto", "database", "errors", "jobs", "row_ids", "text"},
        {
            *("causes", "event_data", "events", "idempotency", "leases", "merge_events", "outbox"),
            *("people_events", "rows", "snooze_events", "statements"),
        },
        {"audit", "audit_chain", "audit_log", "audit_pruning", "deadlines"},
        {"files", "notifications", "webhooks"},
        {"tickets"},
        {"assignment"},
        {"actions"},
        {"accounts", "macros", "merging"},
        {"factors"},
        {"backlog", "erasure", "exports", "retention"},
        {"deadline_kinds"},
    ),
    "wire": (
        {
            *("addresses", "broker", "codec", "confirm", "files", "rating_links", "seal", "shapes"),
            *("signed_ids", "unsubscribe", "workers"),
        },
        {"account_links", "presence", "server_events"},
        {"messages"},
    ),
    "server": (
        {
            *("audit", "background", "clock", "log_stream", "metrics", "redis_clients"),
            *("redis_pipe", "release", "turns"),
        },
        {"database"},
        {"limits"},
        {"identity"},
        {"transport"},
        {"live"},
        {"services"},
        {"http"},
        {"sockets"},
        {"routes"},
        {"web"},
        {"specs"},
        {"app"},
        {"__main__"},
    ),
    "worker": (
        {"beat_clock", "clamd", "delivery"},
        {"transaction"},
        {"audit", "deadlines", "leases"},
        {"app"},
        {"mail", "webhooks"},
        {"assignment", "files", "search"},
    ),
}


def modules(part: str) -> list[Path]:
    folder = ROOT / part
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [ROOT / f"{part}.py"]


def imported(path: Path) -> set[str]:
    """The dotted names of all that a module imports, wherever in it, each with what it is asked
    for: `from desk.tickets import lists` is ``desk.tickets.lists``.
    """
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


def top(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def unit(part: str, name: str) -> str | None:
    """The room or flat module of the part that a dotted name belongs to."""
    first, _, rest = name.partition(".")
    return rest.partition(".")[0] if first == part and rest else None


def upward(part: str, own: str, names: set[str]) -> set[str]:
    """What of the names a room or flat module must not import: what stands as high or higher."""
    level = next(n for n, floor in enumerate(FLOORS[part]) if own in floor)
    lower = {name for floor in FLOORS[part][:level] for name in floor}
    flat = {name for name in FLOORS[part][level] if not (ROOT / part / name).is_dir()}
    allowed = lower | {own} | (flat if own in flat else set())
    known = {name for floor in FLOORS[part] for name in floor}
    return {name for name in names if unit(part, name) in known - allowed}


def own_unit(part: str, path: Path) -> str | None:
    first = path.relative_to(ROOT / part).parts[0].removesuffix(".py")
    return None if first == "__init__" else first


@pytest.mark.parametrize("part", ALLOWED)
def test_imports_point_inward(part: str) -> None:
    paths = modules(part)
    assert paths
    for path in paths:
        wrong = (top(imported(path)) & ALLOWED.keys()) - ALLOWED[part] - {part}
        assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}"


@pytest.mark.parametrize("part", ["models", "desk"])
def test_rules_and_tables_know_no_transport(part: str) -> None:
    for path in modules(part):
        wrong = top(imported(path)) & TRANSPORT
        assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}"


# A ticket compared with a person. What is compared besides is not whose own it is.
WHOSE = re.compile(
    r"[Tt]ickets?\.user_id (?:==|!=|=|<>)|(?:==|!=) [Tt]ickets?\.user_id"
    r"|from tickets\s[^\"]*?where[^\"]*?\buser_id (?:=|<>) (?!found|customer)"
)
COMPARED_WITH = {
    "desk/access.py": "the one place",
    "desk/accounts/customers.py": "the tickets that the staff are told somebody opened",
    "desk/erasure/copies.py": "a title is the words of who opened the ticket",
    "desk/erasure/requests.py": "whoever opened it asks for themselves",
    "desk/erasure/words.py": "so it is with a description",
    "desk/notifications/mail_queue.py": "who opened it is asked by mail how it was resolved",
    "desk/accounts/visitors.py": "a visitor talks in the widget on what they opened",
}


def test_whose_own_a_ticket_is_stands_in_one_place() -> None:
    files = [path for part in ("desk", "server", "worker") for path in modules(part)]
    found = {str(path.relative_to(ROOT)) for path in files if WHOSE.search(path.read_text())}
    assert found == COMPARED_WITH.keys()


@pytest.mark.parametrize("part", FLOORS)
def test_every_room_has_its_floor(part: str) -> None:
    units = {own for path in modules(part) if (own := own_unit(part, path))}
    floors = [name for floor in FLOORS[part] for name in floor]
    assert sorted(floors) == sorted(units)


@pytest.mark.parametrize("part", FLOORS)
def test_arrows_point_downwards(part: str) -> None:
    for path in modules(part):
        if own := own_unit(part, path):
            wrong = upward(part, own, imported(path))
            assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}"


def test_no_circle_is_left() -> None:
    """Of modules, in the whole house. Raises `graphlib.CycleError`, which names it."""
    names = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for part in ALLOWED
        for path in modules(part)
    }
    graph = {
        module: {name if name in names else name.rpartition(".")[0] for name in imported(path)}
        & names.keys() - {module}
        for module, path in names.items()
    }
    assert set(TopologicalSorter(graph).static_order()) == names.keys()


@pytest.mark.parametrize("part", ALLOWED)
def test_a_room_says_what_lives_there_and_re_exports_nothing(part: str) -> None:
    for path in modules(part):
        if path.name == "__init__.py" and path.parent != ROOT / part:
            tree = ast.parse(path.read_text())
            assert ast.get_docstring(tree), path
            assert not imported(path) & names_of(path.parent), path


def names_of(room: Path) -> set[str]:
    prefix = ".".join(room.relative_to(ROOT).parts)
    return {f"{prefix}.{path.stem}" for path in room.glob("*.py")}


def private_names(source: str) -> Iterator[str]:
    """Attributes with a leading underscore of anything but ourselves."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Attribute)
            and node.attr.startswith("_")
            and not node.attr.startswith("__")
            and node.attr not in PUBLIC
            and not (isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"})
        ):
            yield node.attr


# Private by their form alone: documented, the last ones of `os` and of enumerations.
PUBLIC = {"_make", "_fields", "_replace", "_asdict", "_exit", "_name_", "_value_"}


@pytest.mark.parametrize("part", ALLOWED)
def test_private_names_of_libraries_stand_in_the_transport_alone(part: str) -> None:
    for path in modules(part):
        if not path.is_relative_to(ROOT / "server" / "transport"):
            found = set(private_names(path.read_text()))
            assert not found, f"{path.relative_to(ROOT)} uses {found}"


TEST_MODULE = re.compile(r"^tests\..*\btest_\w+")


def test_no_test_imports_a_test() -> None:
    for path in modules("tests") + modules("tools") + modules("bench"):
        wrong = {name for name in imported(path) if TEST_MODULE.search(name)}
        assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}"


# What a web process loads late, so that it starts sooner: all but its settings, where it is the
# parent of others, Celery, and what few of its requests need.
LATE = {
    ("server/__main__.py", "_made"),
    ("server/__main__.py", "main"),
    ("server/live/delivery.py", "_wake"),
    ("server/http/passkeys.py", "_party"),
    ("server/routes/second_factor.py", "qr_code"),
}


@pytest.mark.parametrize("part", ALLOWED)
def test_imports_stand_at_the_top(part: str) -> None:
    for path in modules(part):
        name = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                inside = [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)]
                assert bool(inside) == ((name, node.name) in LATE), f"{name}: {node.name}"


ROOMS = [(part, name) for part in FLOORS for floor in FLOORS[part] for name in sorted(floor)]


@pytest.mark.parametrize(("part", "room"), ROOMS)
def test_a_wrong_import_is_found_in_each_room(tmp_path: Path, part: str, room: str) -> None:
    """One of each room and module on a higher floor, and of another part, planted in a function."""
    level = next(n for n, floor in enumerate(FLOORS[part]) if room in floor)
    higher = sorted(name for floor in FLOORS[part][level + 1 :] for name in floor)
    planted = [f"from {part}.{name} import anything" for name in higher]
    foreign = sorted(ALLOWED.keys() - ALLOWED[part] - {part})
    planted += [f"import {name}.anything" for name in foreign]
    module = tmp_path / "wrong.py"
    for line in planted:
        module.write_text(f"def late() -> None:\n    {line}\n")
        names = imported(module)
        assert upward(part, room, names) or (top(names) & ALLOWED.keys()) - ALLOWED[part] - {part}
