"""Who held what, in the order of the commits: a trigger notes each change of hands."""

from collections import Counter
from collections.abc import Container
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

# A person is given tickets under their own lock alone, so that the numbers of these are in the
# order of the commits. A ticket that is taken away, or done, frees its holder at the latest when
# the row is numbered.
NOTE = text("""
    create table ledger (
      n bigint generated always as identity, was uuid, is_now uuid,
      by text default current_setting('application_name')
    );
    create function note() returns trigger language plpgsql as $$
    declare
      was uuid := case when old.status in ('open', 'in_progress') then old.assigned_to_id end;
      is_now uuid := case when new.status in ('open', 'in_progress') then new.assigned_to_id end;
    begin
      if was is distinct from is_now then
        insert into ledger (was, is_now) values (was, is_now);
      end if;
      return null;
    end $$;
    create trigger note after update on tickets for each row execute function note();
""")


def keep(session: Session) -> None:
    session.execute(NOTE)


def act_as(session: Session, name: str) -> None:
    """Under which name the transaction stands in the ledger."""
    session.execute(select(func.set_config("application_name", name, True)))


def most_held(session: Session, people: Container[UUID], by: str | None = None) -> int:
    """The most open tickets that one of these people ever had at once; ``by``: as they were given
    the last one by who acted under this name.
    """
    held, most = Counter[UUID | None](), 0
    for was, is_now, name in session.execute(text("select was, is_now, by from ledger order by n")):
        held[was] -= 1
        held[is_now] += 1
        if is_now in people and by in (None, name):
            most = max(most, held[is_now])
    return most
