"""Names, titles and contents that would like to be headers or HTML."""

from email.header import decode_header, make_header
from html.parser import HTMLParser

import pytest

from models import Ticket, User
from tests.conftest import Backend
from tests.factories import Person, database
from tests.mailbox import Mailbox
from tests.worker.talk import opened, parts, say
from worker.mail.drain import drain

EMPTY_BODY = ("html", "head", "meta", "title", "body")
TAGS = [*EMPTY_BODY, "p", "bdi", "p", "strong", "bdi", "p", "blockquote", "p", "a", "hr", "p", "a"]


NAMES = [
    "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
    "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted", "MIME-Version", "Content-Type",
]  # fmt: skip


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)


def tags(html: str) -> list[str]:
    parser = Tags()
    parser.feed(html)
    return parser.found


HOSTILE = [
    "Bob\r\nBcc: victim@desk.test",
    "Bob\nX-Evil: yes",
    '"Bob" <evil@desk.test>, ',
    "<script>alert(1)</script>",
    "</p><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202ereversed\u202c \u2066x\u2069",
    "שלום עולם مرحبا",
    "👩‍👩‍👧‍👦" * 20,
    "ß" * 200,
    "=?utf-8?b?QmNjOiB4?=",
    "=?utf-8?b?SGVsbG8=?= literal",
    # Line ends and headers in what a library would decode (CVE-2024-6923).
    "=?utf-8?q?Hi=0d=0aBcc:_evil@example.org?=",
    "=?utf-8?b?SGkNCkZyb206IGV2aWxAZXhhbXBsZS5vcmcNClJlcGx5LVRvOiBldmlsQGV4YW1wbGUub3JnDQpDb250"
    "ZW50LVR5cGU6IHRleHQvaHRtbA0KDQo8Yj5IaTwvYj4=?=",
    "a" * 200,
    "Bob\u2028Bcc: x\u0085y\x0bz",
    "Bob\x1b[31m\x07\x01",
    "%0d%0aBcc: x",
    "\\",
    "()<>@,;:.[]",
]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_names_titles_and_contents_inject_nothing(
    backend: Backend, mailbox: Mailbox, pair: tuple[Person, Person], hostile: str
) -> None:
    customer, csr = pair
    ticket_id = opened(backend, customer)
    with database(backend.settings) as session:
        # Past the door, which would refuse some of them.
        session.get_one(User, customer.id).full_name = hostile[:200]
        session.get_one(User, csr.id).full_name = hostile[:200]
        session.get_one(Ticket, ticket_id).title = hostile[:200]
    say(backend, ticket_id, csr, hostile + "\n.\nQUIT\r\n.\r\n\r\nMAIL FROM:<x@y.test>")
    drain()
    (mail,) = mailbox.mails
    assert not mail.defects
    assert "Bcc" not in mail
    assert "X-Evil" not in mail
    assert [a.addr_spec for a in mail["To"].addresses] == [customer.email]
    for name in ("To", "Subject", "From", "Message-ID", "References", "List-Unsubscribe"):
        assert len(mail.get_all(name, [])) == 1
    for header in (str(mail["Subject"]), mail["To"].addresses[0].display_name):
        assert not set(header) & set("\r\n\x0b\x85\u2028\u202e\u2066\x1b\x07\x01")
    text, html = parts(mail)
    assert "MAIL FROM:<x@y.test>" in text
    assert tags(html) == TAGS
    head = mailbox.raw[0].split(b"\r\n\r\n", 1)[0]
    names = [line.split(b":")[0].decode() for line in head.split(b"\r\n") if line[:1] != b" "]
    assert names == NAMES
    if hostile.startswith("=?"):  # It reads as it was written.
        assert str(mail["Subject"]).partition("] ")[2] == hostile[:200]
        # By the RFC; the new parser puts spaces between the words of a name.
        encoded = head.split(b"\r\nTo: ")[1].split(b"\r\n <")[0].decode()
        assert str(make_header(decode_header(encoded))) == hostile[:200]
    assert max(len(line) for line in mailbox.raw[0].split(b"\r\n")) < 998
    if hostile.startswith("👩"):
        assert hostile[:60] in str(mail["Subject"])
