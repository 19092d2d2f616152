"""What the FastAPI peer takes and gives."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class TicketOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: UUID
    number: int
    title: str
    description: str
    category: str
    type: str
    status: str
    priority: str | None
    tags: list[str]
    user_id: UUID
    assigned_to_id: UUID | None
    created_at: datetime
    updated_at: datetime
    first_response_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    version: int = Field(validation_alias="last_seq")
    seq: int = Field(validation_alias="last_seq")
    unread: int = 0


class Login(BaseModel):
    email: str
    password: str


class Token(BaseModel):
    access_token: str
    token_type: str = "bearer"
