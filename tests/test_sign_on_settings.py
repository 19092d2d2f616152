"""The settings of single sign-on: what they mean, and what stops a start in one line."""

import pytest

from config import Misconfigured, Settings, read
from config_sign_on import RoleClaim, role_claim
from tests.conftest import SECRET
from tests.identity_provider import sign_on

OWN = {
    "DATABASE_URL": "postgresql://desk@db/desk",
    "REDIS_URL": "redis://redis",
    "JWT_SECRET_KEY": SECRET,
}
ISSUER = "https://login.desk.test/realms/acme"
WHOLE = {name.upper(): value for name, value in sign_on(ISSUER).items()}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**OWN, **WHOLE}.items():
        monkeypatch.setenv(name, value)


def test_roles_are_values_of_a_claim() -> None:
    settings = read(Settings)
    assert settings.role_claim == RoleClaim("groups", {"support": "csr", "leads": "admin"})
    assert role_claim("https://desk.test/r: a=b=csr") == (
        "https://desk.test/r",
        {"a=b": "csr"},
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OIDC_ROLES", "support=csr"),
        ("OIDC_ROLES", "groups:support=csr"),
        ("OIDC_ROLES", ": support=csr"),
        ("OIDC_ROLES", "groups: support"),
        ("OIDC_ROLES", "groups: support=boss"),
        ("OIDC_ROLES", "groups: support=user"),
        ("OIDC_ROLES", "groups: support=csr,"),
        ("OIDC_ROLES", "groups: support=csr, support=admin"),
        ("OIDC_ROLES", "groups: =csr"),
        ("OIDC_ROLES", ""),
        ("OIDC_CLIENT_ID", ""),
        ("OIDC_CLIENT_SECRET", ""),
        ("OIDC_ISSUER", "login.desk.test"),
        ("OIDC_ISSUER", "http://login.desk.test"),
        ("OIDC_ISSUER", "http://127.0.0.1.desk.test"),
        ("OIDC_ISSUER", "https://login.desk.test?x=y"),
        ("OIDC_ISSUER", "https://me@login.desk.test"),
        ("OIDC_ISSUER", "https://[login.desk.test"),
        ("OIDC_ISSUER", "https://login.desk.test/a b"),
        ("OIDC_LINK_ADMINS", "yes"),
        ("PASSWORD_LOGIN", "no"),
    ],
)
def test_a_wrong_one_stops_the_start_in_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured) as refused:
        read(Settings)
    assert str(refused.value).startswith(f"{name}: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("issuer", ["http://localhost:9000", "http://127.0.0.1", "http://[::1]:80"])
def test_on_this_machine_a_provider_needs_no_tls(
    monkeypatch: pytest.MonkeyPatch, issuer: str
) -> None:
    monkeypatch.setenv("OIDC_ISSUER", issuer)
    assert read(Settings).oidc_issuer == issuer


def test_without_a_provider_passwords_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD_LOGIN", "off")
    assert not read(Settings).staff_have_passwords
    monkeypatch.delenv("OIDC_ISSUER")
    with pytest.raises(Misconfigured, match=r"^PASSWORD_LOGIN: "):
        read(Settings)
