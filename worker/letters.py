"""What a mail says and what stands on its envelope: pure, from what is due to a message.

Names, titles and contents are other people's words. None of them can begin a header or a tag.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path

import idna
import jinja2

from config import Settings
from desk.mails import Mail, News, Told
from models import NotificationKind
from wire import unsubscribe
from worker import headers

LONGEST_CONTENT = 2_000
# Of one ticket; and tickets.
MOST_NEWS = 20
MOST_TICKETS = 100
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
    link = unsubscribe.link(settings.base_url, settings.jwt_secret_key, due.user_id)
    head = headers.block(
        [
            ("From", headers.address(line(name), sender)),
            ("To", headers.address(line(due.to_name), recipient)),
            ("Subject", headers.text(_subject(due.tickets))),
            ("Date", format_datetime(max(item.at for told in due.tickets for item in told.news))),
            ("Message-ID", f"<{due.id}@{domain}>"),
            *_thread(due.tickets, domain),
            ("List-Unsubscribe", f"<{link}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            ("Auto-Submitted", "auto-generated"),
        ]
    )
    words = _words(due, link, settings.base_url)
    return Letter(sender, recipient, head + _body(due, words))


def _subject(tickets: Sequence[Told]) -> str:
    if len(tickets) > 1:
        return f"{len(tickets)} tickets were assigned to you"
    return line(f"[#{tickets[0].number}] {tickets[0].title}")


def _thread(tickets: Sequence[Told], domain: str) -> list[tuple[str, str]]:
    """The ticket is the thread: a first mail that nobody got, and all others answer it."""
    if len(tickets) > 1:
        return []
    first = f"<ticket.{tickets[0].id}@{domain}>"
    return [("In-Reply-To", first), ("References", first)]


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


def _words(due: Mail, unsubscribe_link: str, base_url: str) -> dict[str, object]:
    shown = due.tickets[:MOST_TICKETS]
    return {
        "name": line(due.to_name),
        "subject": f"Ticket #{shown[0].number}" if len(due.tickets) == 1 else _subject(due.tickets),
        "tickets": [_told(told, base_url) for told in shown],
        "more": len(due.tickets) - len(shown),
        "unsubscribe": unsubscribe_link,
    }


def _told(told: Told, base_url: str) -> dict[str, object]:
    shown = told.news[:MOST_NEWS]
    return {
        "number": told.number,
        "title": line(told.title),
        "news": [{"headline": _headline(item), "content": _content(item)} for item in shown],
        "more": len(told.news) - len(shown),
        "link": f"{base_url}/tickets/{told.number}",
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
