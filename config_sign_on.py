"""The settings of single sign-on for the staff, by OpenID Connect."""

from ipaddress import ip_address
from typing import Annotated, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, model_validator

ROLES = ("csr", "admin")
ROLES_SYNTAX = "should look like groups: support=csr, leads=admin"


class RoleClaim(NamedTuple):
    """Which claim tells somebody's role, and which of its values stands for which."""

    claim: str
    roles: dict[str, str]


def role_claim(text: str) -> RoleClaim:
    """Reads ``groups: support=csr, leads=admin``. Raises ValueError, which says what is wrong.

    A claim's name may be a URL, and a value have ``=`` in it.
    """
    claim, _, listed = text.partition(": ")
    pairs = [pair.rpartition("=")[::2] for pair in listed.split(",")]
    roles = {value.strip(): role.strip() for value, role in pairs}
    if not claim.strip() or "" in roles or len(roles) < len(pairs):
        raise ValueError(ROLES_SYNTAX)
    if wrong := [role for role in roles.values() if role not in ROLES]:
        raise ValueError(f"knows the roles csr and admin, not {wrong[0] or 'none'}")
    return RoleClaim(claim.strip(), roles)


def is_private_to_others(url: str) -> bool:
    """Whether nobody on the way can read what goes to the URL: by https, or on this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:  # A bracket too few.
        return False
    if parts.scheme == "https":
        return bool(parts.hostname)
    return parts.scheme == "http" and _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _issuer(url: str) -> str:
    if not url:
        return url
    parts = urlsplit(url)
    is_plain = url.isascii() and url.isprintable() and " " not in url
    if not is_plain or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("should look like https://login.example.com")
    if not is_private_to_others(url):
        raise ValueError("should begin with https://")
    return url


def _roles(text: str) -> str:
    if text:
        role_claim(text)
    return text


class SignOn(BaseModel):
    """Whom the staff's identity provider names, and as what."""

    # As the provider writes it, to the letter; empty: there is none.
    oidc_issuer: Annotated[str, Field(max_length=255), AfterValidator(_issuer)] = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_roles: Annotated[str, AfterValidator(_roles)] = ""
    # What the button says: "Sign in with …".
    oidc_name: Annotated[str, Field(max_length=64)] = ""
    # Whether an admin's account may be linked by its address, as others' are.
    oidc_link_admins: Literal["on", "off"] = "off"
    # Whether the staff's passwords are good; customers' always are.
    password_login: Literal["on", "off"] = "on"

    @model_validator(mode="after")
    def _sign_on_is_whole(self) -> Self:
        if self.oidc_issuer:
            for name in ("oidc_client_id", "oidc_client_secret", "oidc_roles"):
                if not getattr(self, name):
                    raise ValueError(f"{name.upper()}: is not set, and OIDC_ISSUER is")
        elif self.password_login == "off":
            raise ValueError("PASSWORD_LOGIN: off without OIDC_ISSUER would let no staff in")
        return self

    @property
    def has_sign_on(self) -> bool:
        return bool(self.oidc_issuer)

    @property
    def role_claim(self) -> RoleClaim:
        return role_claim(self.oidc_roles)

    @property
    def staff_have_passwords(self) -> bool:
        return self.password_login == "on"
