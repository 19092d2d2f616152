"""What is given for production, as far as it can be looked at without a container engine."""

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.deployment import OURS, SERVICES


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_writes_nowhere_and_gains_no_rights(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"]
    if name in OURS:
        assert "cap_add" not in service


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - OURS))
def test_an_image_is_named_by_its_exact_version(name: str) -> None:
    assert re.fullmatch(r"[a-z/]+:\d+\.\d+(\.\d+)?-alpine", SERVICES[name]["image"])


def test_web_and_worker_have_a_role_that_owns_nothing() -> None:
    for name in OURS:
        environment = SERVICES[name]["environment"]
        assert environment["DATABASE_URL"].startswith("postgresql://desk_app:")
        assert ("MIGRATION_DATABASE_URL" in environment) is (name == "migrate")
    assert "create role desk_app login" in (ROOT / "deploy" / "roles.sh").read_text()


def test_no_log_of_a_proxy_has_a_query() -> None:
    nginx = (ROOT / "deploy" / "nginx.conf").read_text()
    assert re.findall(r"error_log (.*);", nginx) == ["/dev/stderr emerg"]
    [form] = re.findall(r"log_format without_query (.*?);", nginx, re.DOTALL)
    assert not {"$request", "$request_uri", "$args", "$query_string"} & set(
        re.findall(r"\$\w+", form)
    )
    caddy = (ROOT / "deploy" / "Caddyfile").read_text()
    assert {"replace token REDACTED", "replace ticket REDACTED"} <= {
        line.strip() for line in caddy.splitlines()
    }


def test_nobody_from_outside_gets_the_metrics() -> None:
    assert (
        "location = /metrics {\n            return 404;" in (ROOT / "deploy/nginx.conf").read_text()
    )
    assert "respond /metrics 404" in (ROOT / "deploy" / "Caddyfile").read_text()


def test_what_is_mounted_is_there() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", ())]
    for mount in mounts:
        if mount.startswith("./"):
            assert Path(ROOT / mount.split(":")[0]).is_file()
