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


def test_no_log_of_the_proxy_has_a_query() -> None:
    """An error in a request is logged with the request as it was sent, whatever its level."""
    assert re.findall(r"error_log ([^;]+);", CONF) == ["/dev/stderr emerg"]
    ((name, form),) = re.findall(r"log_format (\w+) ([^;]+);", CONF)
    assert re.findall(r"access_log ([^;]+);", CONF) == [f"/dev/stdout {name}"]
    variables = set(re.findall(r"\$(\w+)", form))
    assert not variables & {"request", "request_uri", "args", "query_string", "http_referer"}
