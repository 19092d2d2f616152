"""Makes the bytes of a mail: its headers, and around its words the parts in plain text and HTML.

What is given twice makes the same bytes twice, so that a mail that is sent again is recognized as
the same. Nothing is signed or encrypted here.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from uuid import UUID

import idna
import jinja2

from config import Settings
from desk.text import DIRECTION
from wire import unsubscribe
from worker.mail import headers

# What makes text read as something else than it is.
TURNS = re.compile(f"[{DIRECTION}]")
# In characters: a header may be longer, but nobody reads that far.
LONGEST_LINE = 250

_folder = jinja2.FileSystemLoader(Path(__file__).with_name("templates"))
_html = jinja2.Environment(loader=_folder, autoescape=True, undefined=jinja2.StrictUndefined)
_text = jinja2.Environment(  # Nothing reads plain text as HTML.
    loader=_folder, autoescape=False, undefined=jinja2.StrictUndefined
)


@dataclass(frozen=True, slots=True)
class EncodedMail:
    """A mail and its envelope: two addresses, and the bytes that leave."""

    sender: str
    recipient: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """To whom a mail goes, about what, and when what it tells of happened (``at``).

    ``user_id``: whose mails the link in it ends; None: nobody does without it. ``mail_id`` makes
    its Message-ID, ``thread`` is the ticket whose mails it belongs to, if it is
    of one ticket alone.
    """

    mail_id: UUID
    user_id: UUID | None
    email: str
    name: str
    subject: str
    at: datetime
    thread: UUID | None = None


def encoded(
    envelope: Envelope, template: str, words: dict[str, object], settings: Settings
) -> EncodedMail:
    """The mail that is ready to be sent.

    ``template``: the name of a pair in `worker/mail/templates`, ``<name>.txt.j2`` and
    ``<name>.html.j2``. ``words``: what is filled in there; the link that ends all mails is added,
    if there is one.
    Raises `idna.IDNAError` where a domain is none.
    """
    name, sender = parseaddr(settings.mail_from)
    domain = _ascii_domain(sender)
    sender = f"{sender.rpartition('@')[0]}@{domain}"
    user = envelope.email.rpartition("@")[0]
    recipient = f"{user}@{_ascii_domain(envelope.email)}"
    ends: list[tuple[str, str]] = []
    if envelope.user_id is not None:
        link = unsubscribe.link(settings.base_url, settings.jwt_secret_key, envelope.user_id)
        ends = [
            ("List-Unsubscribe", f"<{link}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ]
        words = {**words, "unsubscribe": link}
    head = headers.block(
        [
            ("From", headers.address(line(name), sender)),
            ("To", headers.address(line(envelope.name), recipient)),
            ("Subject", headers.text(line(envelope.subject))),
            ("Date", format_datetime(envelope.at)),
            ("Message-ID", f"<{envelope.mail_id}@{domain}>"),
            *_thread(envelope, domain),
            *ends,
            ("Auto-Submitted", "auto-generated"),
        ]
    )
    body = _body(envelope.mail_id, template, words)
    return EncodedMail(sender, recipient, head + body)


def _thread(envelope: Envelope, domain: str) -> Sequence[tuple[str, str]]:
    """The headers by which mail programs show a ticket's mails together, or none.

    All of them answer a first mail, which is named after the ticket and was never sent.
    """
    if envelope.thread is None:
        return ()
    first = f"<ticket.{envelope.thread}@{domain}>"
    return ("In-Reply-To", first), ("References", first)


def _body(mail_id: UUID, template: str, words: dict[str, object]) -> bytes:
    """The parts, with the headers that say what they are: none of those has anybody's words."""
    message = EmailMessage(policy=SMTP)
    text = _text.get_template(f"{template}.txt.j2").render(words)
    message.set_content(text, cte="quoted-printable")
    html = _html.get_template(f"{template}.html.j2").render(words)
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    message.set_boundary(f"=={mail_id.hex}==")
    return message.as_bytes()


def line(text: str) -> str:
    """Other people's text as a part of a header or headline: one line, left as it reads."""
    shown = TURNS.sub("", text)
    kept = (" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in shown)
    return " ".join("".join(kept).split())[:LONGEST_LINE]


def _ascii_domain(email: str) -> str:
    domain = email.rpartition("@")[2]
    return domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
