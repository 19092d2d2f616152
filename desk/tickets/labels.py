"""The categories, types and tags that tickets have, for who chooses one.

Counted is work alone, of which the newest are looked at; other names are stepped through by an
index, from each to the next. So it takes as long with a million tickets as with those that are
active.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

# Tickets of each active status that are counted, and the newest of all whose tags are offered.
COUNTED, NEWEST = 20_000, 5_000
# Names of a list.
MOST = 200


@dataclass(frozen=True, slots=True)
class LabelCount:
    """A name, and how many active tickets have it."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Labels:
    """Each with the most frequent first, at most 200; ``count`` is of active tickets."""

    categories: Sequence[LabelCount]
    types: Sequence[LabelCount]
    tags: Sequence[LabelCount]


def _stepping(column: str) -> str:
    """The first names of a column, each by one look into the index of the column."""
    return f"""
        with recursive step (name) as (
            (select {column} from tickets order by {column} limit 1)
            union all
            select (
                select {column} from tickets where {column} > step.name order by {column} limit 1
            )
            from step where step.name is not null
        )
        select name from step where name is not null limit {MOST}
    """


def _counted(names: str, more: str) -> str:
    """How many active tickets have each name, and none those that only others have."""
    return f"""
        select name, count from (
            select name, sum(count)::bigint as count from (
                select {names} as name, 1 as count from active
                union all select name, 0 from ({more}) more
            ) named
            group by name
        ) counted
        order by count desc, name limit {MOST}
    """


TAGS = f"""
    select distinct unnest(tags) as name from (
        select tags from tickets order by created_at desc, id desc limit {NEWEST}
    ) newest
"""
ACTIVE = " union all ".join(
    f"""(
        select category, type, tags from tickets where status = '{status}'
        order by created_at desc, id desc limit {COUNTED}
    )"""
    for status in ("open", "in_progress")
)
LABELS = text(
    f"""
    with active as materialized ({ACTIVE})
    select 'categories', name, count from ({_counted("category", _stepping("category"))}) c
    union all select 'types', name, count from ({_counted("type", _stepping("type"))}) t
    union all select 'tags', name, count from ({_counted("unnest(tags)", TAGS)}) g
    """
)


def labels(session: Session) -> Labels:
    found: dict[str, list[LabelCount]] = {"categories": [], "types": [], "tags": []}
    for kind, name, count in session.execute(LABELS):
        found[kind].append(LabelCount(name, count))
    return Labels(**found)
