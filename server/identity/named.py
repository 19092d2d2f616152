"""Whom the claims of an identity provider's token name, and as what."""

from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from config_sign_on import RoleClaim
from desk.accounts.full_names import FullName
from desk.accounts.single_sign_on import Named
from desk.text import Email
from models import Role

T = TypeVar("T")

EMAIL: TypeAdapter[Email] = TypeAdapter(Email)
NAME: TypeAdapter[FullName] = TypeAdapter(FullName)


def named(claims: dict[str, Any], roles: RoleClaim) -> Named:
    """Of claims that were checked. An address counts that the provider says is verified, and a
    provider that says nothing of that has verified none.
    """
    is_verified = claims.get("email_verified") is True
    return Named(
        claims["iss"],
        claims["sub"],
        _or_none(EMAIL, claims.get("email")) if is_verified else None,
        _or_none(NAME, claims.get("name")),
        _role(claims, roles),
    )


def _role(claims: dict[str, Any], roles: RoleClaim) -> Role | None:
    """The highest of those that they have."""
    value = _claim(claims, roles.claim)
    values = value if isinstance(value, list) else [value]
    found = {roles.roles[each] for each in values if isinstance(each, str) and each in roles.roles}
    return next((role for role in (Role.ADMIN, Role.CSR) if role in found), None)


def _claim(claims: dict[str, Any], name: str) -> object:
    """``realm_access.roles`` is in ``realm_access``, unless there is a claim of that whole name."""
    if name in claims:
        return claims[name]
    value: object = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _or_none(adapter: TypeAdapter[T], value: object) -> T | None:
    try:
        return adapter.validate_python(value)
    except ValidationError:
        return None
