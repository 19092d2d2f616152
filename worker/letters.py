"""What a mail says and what stands on its envelope: pure, from what is due to a message.

Names, titles and contents are other people's words. None of them can begin a header or a tag.
"""

import unicodedata
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path

import idna
import jinja2

from config import Settings
from desk.mails import Mail, News
from models import NotificationKind
from wire import unsubscribe
from worker import headers

LONGEST_CONTENT = 2_000
MOST_NEWS = 20
# Overrides and isolates that make text read as something else than it is.
DIRECTION = {chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F)}
# The folding of headers goes by the line, the patience of readers sooner.
LONGEST_LINE = 250

_folder = jinja2.FileSystemLoader(Path(__file__).with_name("templates"))
_html = jinja2.Environment(loader=_folder, autoescape=True, undefined=jinja2.StrictUndefined)
_text = jinja2.Environment(  # Nothing reads plain text as HTML.
    loader=_folder, autoescape=False, undefined=jinja2.StrictUndefined
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail and its envelope: two addresses, and the bytes that leave."""

    sender: str
    recipient: str
    data: bytes


def letter(due: Mail, settings: Settings) -> Letter:
    """The mail, the same to the byte whenever it is made again."""
    name, sender = parseaddr(settings.mail_from)
    domain = _ascii_domain(sender)
    sender = f"{sender.rpartition('@')[0]}@{domain}"
    user = due.to_email.rpartition("@")[0]
    recipient = f"{user}@{_ascii_domain(due.to_email)}"
    # The ticket is the thread: a first mail that nobody got, and all others answer it.
    thread = f"<ticket.{due.ticket_id}@{domain}>"
    link = unsubscribe.link(settings.base_url, settings.jwt_secret_key, due.user_id)
    head = headers.block(
        [
            ("From", headers.address(line(name), sender)),
            ("To", headers.address(line(due.to_name), recipient)),
            ("Subject", headers.text(line(f"[#{due.ticket_number}] {due.ticket_title}"))),
            ("Date", format_datetime(due.news[-1].at)),
            ("Message-ID", f"<{due.id}@{domain}>"),
            ("In-Reply-To", thread),
            ("References", thread),
            ("List-Unsubscribe", f"<{link}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ("Auto-Submitted", "auto-generated"),
        ]
    )
    words = _words(due, link, f"{settings.base_url}/tickets/{due.ticket_number}")
    return Letter(sender, recipient, head + _body(due, words))


def _body(due: Mail, words: dict[str, object]) -> bytes:
    """The parts, with the headers that say what they are: none of those has anybody's words."""
    message = EmailMessage(policy=SMTP)
    message.set_content(_text.get_template("mail.txt.j2").render(words), cte="quoted-printable")
    html = _html.get_template("mail.html.j2").render(words)
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    message.set_boundary(f"=={due.id.hex}==")
    return message.as_bytes()


def line(text: str) -> str:
    """Other people's text as a part of a header or headline: one line, left as it reads."""
    kept = (
        " " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c
        for c in text
        if c not in DIRECTION
    )
    return " ".join("".join(kept).split())[:LONGEST_LINE]


def _ascii_domain(email: str) -> str:
    domain = email.rpartition("@")[2]
    return domain if domain.isascii() else idna.encode(domain, uts46=True).decode()


def _words(due: Mail, unsubscribe_link: str, ticket_link: str) -> dict[str, object]:
    shown = due.news[:MOST_NEWS]
    return {
        "name": line(due.to_name),
        "number": due.ticket_number,
        "title": line(due.ticket_title),
        "news": [{"headline": _headline(item), "content": _content(item)} for item in shown],
        "more": len(due.news) - len(shown),
        "ticket": ticket_link,
        "unsubscribe": unsubscribe_link,
    }


def _content(item: News) -> str | None:
    if item.content is None or len(item.content) <= LONGEST_CONTENT:
        return item.content
    return item.content[:LONGEST_CONTENT] + " […]"


def _headline(item: News) -> str:
    who = line(item.actor_name) if item.actor_name else "The desk"
    status = (item.status or "").replace("_", " ")
    match item.kind:
        case NotificationKind.ASSIGNED:
            return f"{who} assigned this ticket to you."
        case NotificationKind.REOPENED:
            return f"{who} reopened this ticket."
        case NotificationKind.STATUS_CHANGED:
            return f"{who} set the status to {status}."
        case NotificationKind.MESSAGE_POSTED:
            return f"{who} wrote a note:" if item.is_note else f"{who} wrote:"
        case _:  # Of a newer process: see `models.base.opaque`.
            return f"{who} changed this ticket."
