"""The one row that makes assignments take turns: whoever holds its lock assigns."""

from sqlalchemy import CheckConstraint, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class AssignmentCursor(Base):
    __tablename__ = "assignment_cursor"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False, default=1)
    turn: Mapped[int] = mapped_column(default=0)
