"""The settings: the process environment, then ``.env``. A wrong one stops the start in one line."""

import re
from email.utils import parseaddr
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from config_sign_on import SignOn

MIN_SECRET_BYTES = 32
# Different ones in a secret. Of 64 random hexadecimal digits hardly ever fewer than twelve differ.
FEWEST_CHARACTERS = 8
# Values that were printed somewhere and so are no secret, whatever their length.
EXAMPLE_SECRETS = ("change-me", "changeme", "your-secret", "your_secret", "secret-key", "example")
# As browsers write it: in lower case, without the usual port and the slash at the end.
ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
CATEGORIES = "account,billing,shipping,technical,other"
# As a ticket takes them.
LONGEST_LABEL = 64

S = TypeVar("S", bound=BaseSettings)

POSTGRES_SCHEMES = ("postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg")
REDIS_SCHEMES = ("redis", "rediss", "unix")
FILES_SCHEMES = ("file", "s3", "gs", "az", "memory")


class Misconfigured(SystemExit):
    """A setting that nothing can run with. Its text is one line and names the variable."""


def _postgres(url: str) -> str:
    """Any of the usual spellings as the one that SQLAlchemy, Alembic and psycopg share here."""
    scheme, _, rest = url.partition("://")
    if scheme not in POSTGRES_SCHEMES or not rest:
        raise ValueError("should look like postgresql://user:password@host:5432/database")
    base, _, query = rest.partition("?")
    if query:  # asyncpg's name for libpq's sslmode
        names = [("sslmode" if k == "ssl" else k, v) for k, v in parse_qsl(query)]
        base = f"{base}?{urlencode(names)}"
    return f"postgresql+psycopg://{base}"


def _postgres_or_none(url: str) -> str:
    return _postgres(url) if url else ""


def _redis(url: str) -> str:
    try:
        scheme = urlsplit(url).scheme
    except ValueError:  # Its text has the password in it.
        scheme = ""
    if scheme not in REDIS_SCHEMES:
        raise ValueError("should look like redis://:password@host:6379/0")
    return url


def _files(url: str) -> str:
    scheme, _, rest = url.partition("://")
    if url and (scheme not in FILES_SCHEMES or not rest):
        raise ValueError("should look like file:///srv/desk/files or s3://bucket/desk")
    return url


def _labels(text: str) -> str:
    labels = _listed(text)
    good = [label for label in labels if label.isprintable() and len(label) <= LONGEST_LABEL]
    if not labels or good != labels:
        raise ValueError(f"should be words of up to {LONGEST_LABEL} characters, and commas")
    return text


def _secret(secret: str) -> str:
    if len(secret.encode()) < MIN_SECRET_BYTES:
        raise ValueError(f"is under {MIN_SECRET_BYTES} bytes; make one with: openssl rand -hex 32")
    if len(set(secret)) < FEWEST_CHARACTERS or _repeats_itself(secret):
        raise ValueError("is easily guessed; make one with: openssl rand -hex 32")
    if any(known in secret.lower() for known in EXAMPLE_SECRETS):
        raise ValueError("is a known example value; make one with: openssl rand -hex 32")
    return secret


def _mailbox(text: str) -> str:
    user, _, domain = parseaddr(text)[1].rpartition("@")
    if not (user and domain and user.isascii()):
        raise ValueError("should look like Support <support@example.com>")
    return text


def _repeats_itself(secret: str) -> bool:
    return secret in (secret + secret)[1:-1]


def _listed(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


class Database(BaseSettings):
    """All that a command needs which only touches the database, and the files beside it."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    database_url: Annotated[str, AfterValidator(_postgres)]
    # For `manage migrate` and `prune-audit`, where a role of its own owns the tables.
    migration_database_url: Annotated[str, AfterValidator(_postgres_or_none)] = ""
    # How many open tickets a new CSR may have at once, until they or an admin say otherwise.
    default_capacity: Annotated[int, Field(ge=0, le=10_000)] = 50
    assignment_strategy: Literal["round_robin", "least_loaded", "random"] = "round_robin"
    # How long an entry of the audit log is kept at least; whole months go.
    audit_days: Annotated[int, Field(ge=31, le=36_500)] = 400
    # A file of SHA-1 prefixes of stolen passwords, which nobody may choose; empty: none.
    password_breach_list: str = ""
    # Where the files of messages are kept: a folder, or a store of objects such as s3://bucket/desk.
    files_url: Annotated[str, AfterValidator(_files)] = ""

    @property
    def file_store(self) -> str:
        """Where the files of messages are; the folder beside the embedded database by default."""
        return self.files_url or Path(".data", "files").absolute().as_uri()


class Settings(Database, SignOn):
    redis_url: Annotated[str, AfterValidator(_redis)]
    # What the names in Redis begin with; empty: the channel's with which database this is.
    redis_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{0,64}$")] = ""
    broker_url: str = ""

    jwt_secret_key: Annotated[str, AfterValidator(_secret)]
    # The key before the last change: its tokens stay good until they expire.
    jwt_previous_secret_key: Annotated[str, AfterValidator(_secret)] | None = None
    algorithm: Literal["HS256", "HS384", "HS512"] = "HS256"
    access_token_expire_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 15
    refresh_token_expire_days: Annotated[int, Field(ge=1, le=365)] = 7
    # No session lasts longer, however often it is refreshed.
    session_max_days: Annotated[int, Field(ge=1, le=365)] = 30

    # Whether customers make accounts: at once, by a link in a mail, or not at all.
    signup: Literal["open", "verified", "closed"] = "open"

    # Whether the staff may do nothing without a second factor or a passkey.
    staff_second_factor: Literal["off", "required"] = "off"

    # Shared with the sites that say who their visitors are; none: nobody says so.
    identity_secret: Annotated[str, AfterValidator(_secret)] | None = None
    # Or the public keys that such sites sign with, a JWK set: `server.identity.site_keys`.
    identity_jwks_file: str = ""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    web_processes: Annotated[int, Field(ge=1, le=64)] = 1
    cors_origins: str = ""
    # Sites that may have the widget: their pages may frame `/widget`.
    widget_origins: str = ""
    trusted_proxies: str = ""
    rate_limits: Literal["on", "off"] = "on"
    # What `/metrics` asks for as a bearer token; empty: only this machine may ask.
    metrics_token: str = ""

    # What the form of a new ticket offers, separated by commas; other words are taken, too.
    form_categories: Annotated[str, AfterValidator(_labels)] = CATEGORIES
    form_types: Annotated[str, AfterValidator(_labels)] = "question,problem,bug,request"

    # What a file of a message may have, in MiB.
    attachment_max_mb: Annotated[int, Field(ge=1, le=1024)] = 25

    # Whether customers are asked how a ticket was resolved.
    csat: Literal["off", "auto"] = "auto"
    # A clamd that looks files through first: tcp://host:3310 or unix:///path; empty: none does.
    clamd_url: Annotated[str, Field(pattern=r"^(tcp://[^/@]+:[0-9]+|unix:///.+)?$")] = ""

    smtp_url: str = ""
    # Whether a password may go to a mail server that offers no TLS.
    smtp_allow_plaintext: Literal["on", "off"] = "off"
    mail_from: Annotated[str, AfterValidator(_mailbox)] = "Support <support@localhost>"
    # As it stands in links and headers.
    public_url: Annotated[str, Field(pattern=r"^(https?://[!-~]+)?$")] = ""
    # Whether webhooks may call internal networks, any port and plain http.
    webhook_allow_private: Literal["on", "off"] = "off"
    # Whether webhooks may call plain http on the public internet.
    webhook_allow_http: Literal["on", "off"] = "off"

    # Whether the audit's lines of log-ins name the network that they came from (/24, /48).
    audit_addresses: Literal["on", "off"] = "off"

    # Set by `make run` for its own database: demo data, loopback only.
    embedded: bool = False

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @model_validator(mode="before")
    @classmethod
    def _broker_is_redis_unless_said(cls, values: dict[str, object]) -> dict[str, object]:
        return {**values, "broker_url": values.get("broker_url") or values.get("redis_url") or ""}

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, text: str) -> str:
        for network in _listed(text):
            ip_network(network, strict=False)  # Its message names the text.
        return text

    @field_validator("widget_origins")
    @classmethod
    def _whole_origins(cls, text: str) -> str:
        """They go into a header, and a page compares them with what a browser says."""
        for origin in _listed(text):
            if not ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin} is no origin like https://www.example.com")
        return text

    @model_validator(mode="after")
    def _any_origin_only_at_home(self) -> Self:
        if "*" in self.origins and not self.embedded:
            raise ValueError("CORS_ORIGINS: * would let any page in; list the origins")
        return self

    @model_validator(mode="after")
    def _sites_make_no_tokens_of_ours(self) -> Self:
        if self.identity_secret in self.secrets:
            raise ValueError("IDENTITY_SECRET: is JWT_SECRET_KEY; sites get one of their own")
        return self

    @model_validator(mode="after")
    def _key_as_long_as_the_hash(self) -> Self:
        needed = int(self.algorithm.removeprefix("HS")) // 8
        if len(self.jwt_secret_key.encode()) < needed:
            raise ValueError(f"JWT_SECRET_KEY: {self.algorithm} takes at least {needed} bytes")
        return self

    @property
    def key_prefix(self) -> str:
        """Stands before the names of all keys in Redis; a database number tells them apart too."""
        return f"{self.redis_prefix}:" if self.redis_prefix else ""

    @property
    def secrets(self) -> list[str]:
        """The key that signs, and the one before it that is still taken."""
        previous = self.jwt_previous_secret_key
        return [self.jwt_secret_key, *([previous] if previous else [])]

    @property
    def proxies(self) -> list[IPv4Network | IPv6Network]:
        """Networks whose word on the client's address is taken."""
        return [ip_network(network, strict=False) for network in _listed(self.trusted_proxies)]

    @property
    def origins(self) -> list[str]:
        """Origins, scheme and host, whose pages may call us; empty: only our own."""
        return _listed(self.cors_origins)

    @property
    def widget_hosts(self) -> list[str]:
        """Origins whose pages may frame the widget; empty: none."""
        return _listed(self.widget_origins)

    @property
    def categories_offered(self) -> list[str]:
        return _listed(self.form_categories)

    @property
    def types_offered(self) -> list[str]:
        return _listed(self.form_types)

    @property
    def desk_name(self) -> str:
        """What stands before the address of its mails; it may be empty."""
        return parseaddr(self.mail_from)[0]

    @property
    def staff_needs_factor(self) -> bool:
        return self.staff_second_factor == "required"

    @property
    def may_call_private(self) -> bool:
        return self.webhook_allow_private == "on"

    @property
    def may_call_http(self) -> bool:
        return self.may_call_private or self.webhook_allow_http == "on"

    @property
    def base_url(self) -> str:
        """Where people reach us, for links in mails."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"


@cache
def settings() -> Settings:
    """This process's settings.

    Raises `Misconfigured` (exit status 1, one line on stderr) where a value is missing or wrong.
    """
    return read(Settings)


def read(kind: type[S]) -> S:
    """As `settings`, read anew, for those who need only some of them."""
    try:
        return kind()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"{first['loc'][0]}: ".upper() if first["loc"] else ""
        missing = first["type"] == "missing"
        reason = "is not set (see .env.example)" if missing else first["msg"]
        raise Misconfigured(name + reason.removeprefix("Value error, ")) from None
