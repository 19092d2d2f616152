"""What a rule asks the database, and how the database goes about it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

EXPLAIN = "explain (analyze, buffers, format json) "
# A statement as the driver gets it, and its parameters.
Statement = tuple[str, Mapping[str, Any]]


@contextmanager
def statements(connection: Connection) -> Iterator[list[Statement]]:
    """The statements that are executed meanwhile."""
    seen: list[Statement] = []

    def remember(*execution: Any) -> None:
        seen.append((execution[2], execution[3]))

    event.listen(connection, "before_cursor_execute", remember)
    try:
        yield seen
    finally:
        event.remove(connection, "before_cursor_execute", remember)


@dataclass(frozen=True)
class Plan:
    """How a statement was carried out."""

    statement: str
    tree: Mapping[str, Any]

    @property
    def seq_scans(self) -> set[str]:
        """The tables that were read from one end to the other."""
        return {node["Relation Name"] for node in self._nodes() if node["Node Type"] == "Seq Scan"}

    @property
    def rows(self) -> int:
        """The most rows that one step went through, those included that it then left out."""
        return max(_rows(node) for node in self._nodes())

    @property
    def buffers(self) -> int:
        return int(self.tree["Shared Hit Blocks"] + self.tree["Shared Read Blocks"])

    @property
    def steps(self) -> str:
        """For a person who has to find out why."""
        return "; ".join(
            f"{node['Node Type']} {node.get('Index Name', node.get('Relation Name', ''))} "
            f"{_rows(node)}"
            for node in self._nodes()
        )

    def _nodes(self, node: Mapping[str, Any] | None = None) -> Iterator[Mapping[str, Any]]:
        node = node or self.tree
        yield node
        for child in node.get("Plans", ()):
            yield from self._nodes(child)


def _rows(node: Mapping[str, Any]) -> int:
    left_out = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    each = node["Actual Rows"] + sum(node.get(name, 0) for name in left_out)
    return int(each * node["Actual Loops"])


def plans(session: Session, rule: Callable[[Session], object]) -> list[Plan]:
    """The plans of all that the rule asks."""
    connection = session.connection()
    with statements(connection) as asked:
        rule(session)
    found = []
    for statement, parameters in asked:
        answer = connection.exec_driver_sql(EXPLAIN + statement, dict(parameters)).scalar_one()
        found.append(Plan(statement, answer[0]["Plan"]))
    return found
