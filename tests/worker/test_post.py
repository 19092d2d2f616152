"""One POST: which addresses it goes to, and how long it may take."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from uuid_utils.compat import uuid7

from desk.events import TicketCreated
from desk.webhooks.webhook_queue import Outgoing
from models import Event
from tests.conftest import Backend
from tests.factories import now
from tests.receiver import Receiver
from wire.addresses import SERVICES, AddressRefused, Allowed, addresses, is_public
from worker.webhooks import post as sender
from worker.webhooks.post import post

LOCAL = Allowed(private=True, http=True)


def told(url: str) -> Outgoing:
    event = Event(
        id=uuid7(),
        ticket_id=uuid7(),
        seq=1,
        public_seq=1,
        kind=TicketCreated.kind,
        actor_id=None,
        at=now(),
        data={},
    )
    return Outgoing(uuid4(), uuid4(), url, "whsec_" + "A" * 43 + "=", event, {})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


INTERNAL = [
    "127.0.0.1",
    "127.1.2.3",
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.1.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "fc00::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "192.0.0.8",
    "192.0.0.9",
    "192.88.99.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.175.48.1",
    "240.0.0.1",
    "::ffff:192.0.0.8",
    "::ffff:192.88.99.1",
    "::ffff:0:7f00:1",
    "::ffff:0:808:808",
    "::808:808",
    "64:ff9b::808:808",
    "64:ff9b:1::808:808",
    "2002:808:808::1",
    "2001:0:808:808::1",
    "2001:4:112::1",
    "2620:4f:8000::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "100::1",
]


@pytest.mark.parametrize("address", INTERNAL)
def test_internal_addresses_are_known(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("8.8.8.8", "1.1.1.1", "192.0.1.1", "192.88.98.1", "223.255.255.255", "::ffff:8.8.8.8"),
        *("2606:4700::1111", "2001:4860:4860::8888", "2001:200::1", "2a00:1450::1", "3ffe::1"),
    ],
)
def test_public_addresses_are_known(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host", ["localhost", "127.1", "0x7f.1", "2130706433", "017700000001", "0", "[::1]"]
)
def test_other_spellings_of_this_machine_are_refused(host: str) -> None:
    with pytest.raises((AddressRefused, socket.gaierror)):
        addresses(f"https://{host}/", Allowed())


@pytest.mark.parametrize("port", [1, 22, 25, 79, 1024, *SERVICES])
def test_a_port_of_another_service_is_refused(port: int) -> None:
    with pytest.raises(AddressRefused, match="port"):
        addresses(f"https://8.8.8.8:{port}/", Allowed(http=True))


@pytest.mark.parametrize("port", [80, 443, 1025, 3000, 8000, 8080, 8443, 9000, 40001])
def test_ports_where_receivers_listen_are_called(port: int) -> None:
    assert addresses(f"https://8.8.8.8:{port}/", Allowed()) == ["8.8.8.8"]


def test_plain_http_is_called_only_if_a_setting_allows_it(backend: Backend) -> None:
    assert not backend.settings.may_call_http
    with pytest.raises(AddressRefused, match="https"):
        addresses("http://8.8.8.8/", Allowed())
    settings = backend.settings.model_copy(update={"webhook_allow_http": "on"})
    over_http = Allowed(settings.may_call_private, settings.may_call_http)
    assert addresses("http://8.8.8.8/", over_http) == ["8.8.8.8"]
    with pytest.raises(AddressRefused, match="internal"):
        addresses("http://127.0.0.1/", over_http)


class Names:
    """A resolver whose answers for a name change from one question to the next."""

    def __init__(self, patch: pytest.MonkeyPatch, host: str, *answers: list[str]) -> None:
        self.asked = 0
        real = socket.getaddrinfo

        def resolve(name: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
            if name != host:
                return real(name, port, *args, **kwargs)
            found = answers[min(self.asked, len(answers) - 1)]
            self.asked += 1
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in found]

        patch.setattr(socket, "getaddrinfo", resolve)


def test_a_name_is_resolved_once_and_that_address_is_called(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names(monkeypatch, "hook.test", ["127.0.0.1"], ["192.0.2.1"])
    answer = post(told(f"http://hook.test:{receiver.port}/"), allowed=LOCAL)
    assert (answer.status, answer.error, names.asked) == (204, None, 1)
    assert receiver.told[0].headers["host"] == f"hook.test:{receiver.port}"


def test_a_name_that_points_inward_by_now_is_not_called(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    Names(monkeypatch, "hook.test", ["8.8.8.8"], ["127.0.0.1"])
    url = f"https://hook.test:{receiver.port}/"
    addresses(url, Allowed())  # as at the registration
    answer = post(told(url), allowed=Allowed())
    assert (answer.status, answer.error) == (None, "address_refused")
    assert receiver.told == []


def test_one_internal_address_among_public_ones_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Names(monkeypatch, "hook.test", ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(AddressRefused):
        addresses("https://hook.test/", Allowed())


def test_a_receiver_without_tls_is_told_nothing_over_https(receiver: Receiver) -> None:
    answer = post(told(f"https://127.0.0.1:{receiver.port}/"), allowed=LOCAL)
    assert (answer.status, answer.error) == (None, "tls_failed")
    assert receiver.told == []


def dripping(first: bytes, then: bytes, every: float) -> str:
    """The URL of a server that answers so to one request, endlessly."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            connection.settimeout(30)
            try:
                connection.recv(65536)
                connection.sendall(first)
                while True:
                    connection.sendall(then)
                    time.sleep(every)
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}/"


def test_an_answer_that_drips_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "ALL_SECONDS", 0.5)
    began = time.monotonic()
    answer = post(told(dripping(b"HTTP/1.1 200 OK\r\nX: ", b"a", 0.05)), allowed=LOCAL)
    assert (answer.status, answer.error) == (None, "timeout")
    assert time.monotonic() - began < 3


def test_an_answer_that_never_comes_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "STEP_SECONDS", 0.3)
    answer = post(told(dripping(b"", b"", 5)), allowed=LOCAL)
    assert (answer.status, answer.error) == (None, "timeout")
    assert 250 < answer.ms < 3000


def test_an_endless_body_is_not_read() -> None:
    began = time.monotonic()
    answer = post(told(dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536, 0)), allowed=LOCAL)
    assert answer.status == 200
    assert time.monotonic() - began < 3


def test_endless_headers_are_not_read() -> None:
    answer = post(told(dripping(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1000, 0)), allowed=LOCAL)
    assert (answer.status, answer.error) == (None, "connection_lost")


EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
DONE = b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.mark.parametrize("interim", [CONTINUE, EARLY, CONTINUE + EARLY + EARLY])
def test_interim_answers_are_skipped(interim: bytes) -> None:
    answer = post(told(dripping(interim + DONE, b"", 5)), allowed=LOCAL)
    assert (answer.status, answer.error) == (204, None)


def test_endless_interim_answers_are_no_answer() -> None:
    answer = post(told(dripping(b"", EARLY, 0)), allowed=LOCAL)
    assert (answer.status, answer.error) == (None, "connection_lost")


def test_the_next_address_of_a_name_is_tried_if_the_first_cannot_be_reached(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    Names(monkeypatch, "hook.test", ["127.0.0.2", "127.0.0.1"])
    answer = post(told(f"http://hook.test:{receiver.port}/"), allowed=LOCAL)
    assert (answer.status, len(receiver.told)) == (204, 1)


def test_a_name_none_of_whose_addresses_can_be_reached_is_not_connected(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    Names(monkeypatch, "hook.test", [f"127.0.0.{n}" for n in range(2, 9)])
    answer = post(told(f"http://hook.test:{receiver.port}/"), allowed=LOCAL)
    assert (answer.status, answer.error) == (None, "not_connected")


@pytest.mark.parametrize(
    ("status", "said", "heard"),
    [
        (429, "120", timedelta(minutes=2)),
        (503, "0", timedelta(0)),
        (503, "Sun, 06 Nov 1994 08:49:37 GMT", timedelta(0)),
        (503, "Fri, 01 Jan 9999 00:00:00 GMT", timedelta.max),
        (503, "soon", None),
        (503, "-1", None),
        (500, "120", None),
        (200, "120", None),
    ],
)
def test_how_long_a_receiver_asks_to_be_left_alone_is_read(
    status: int, said: str, heard: timedelta | None
) -> None:
    head = f"HTTP/1.1 {status} X\r\nRetry-After: {said}\r\n\r\n"
    answer = post(told(dripping(head.encode(), b"", 5)), allowed=LOCAL)
    assert answer.status == status
    if heard == timedelta.max:
        assert answer.retry_after is not None
        assert answer.retry_after > timedelta(days=365)
    else:
        assert answer.retry_after == heard


@pytest.mark.parametrize("nonsense", [b"\x00\x01\x02", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 99\r\n"])
def test_what_is_no_http_is_an_attempt_that_failed(nonsense: bytes) -> None:
    answer = post(told(dripping(nonsense + b"\r\n\r\n", b"", 5)), allowed=LOCAL)
    assert (answer.status, answer.error) == (None, "connection_lost")
