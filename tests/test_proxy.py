"""What the proxy's example in `deploy/` has to say. nginx itself is not run here."""

import re
from pathlib import Path

CONF = re.sub(r"#.*", "", (Path(__file__).parents[1] / "deploy" / "nginx.conf").read_text())


def test_the_proxy_bounds_connections_and_takes_answers_off_the_processes() -> None:
    assert "limit_conn_zone $binary_remote_addr" in CONF
    assert re.search(r"limit_conn addresses \d+;", CONF)
    assert "proxy_buffering on;" in CONF
    assert "send_timeout" in CONF


def test_the_proxy_does_not_pass_on_the_metrics() -> None:
    assert re.search(r"location = /metrics \{\s*return 404;\s*\}", CONF)
