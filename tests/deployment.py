"""What is given for production, as it is read by those who run it."""

from typing import Any

import yaml  # type: ignore[import-untyped]

from tests.conftest import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
TLS: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "tls.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = {**COMPOSE["services"], "caddy": TLS["services"]["caddy"]}
OURS = {"web1", "web2", "worker", "beat", "migrate"}
