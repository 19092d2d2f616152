"""What a mail says and what stands on its envelope: pure, from what is due to a message.

Names, titles and contents are other people's words. None of them can begin a header or a tag.
"""

import unicodedata
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path

import jinja2
from email_validator import validate_email

from config import Settings
from desk.mails import Mail, News
from models import NotificationKind
from wire import unsubscribe

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


def letter(due: Mail, settings: Settings) -> EmailMessage:
    """The mail, the same to the byte whenever it is made again."""
    message = EmailMessage(policy=SMTP)
    sender = parseaddr(settings.mail_from)[1]
    domain = sender.rpartition("@")[2] or "localhost"
    message["From"] = settings.mail_from
    message["To"] = _recipient(due)
    message["Subject"] = line(f"[#{due.ticket_number}] {due.ticket_title}")
    message["Date"] = format_datetime(due.news[-1].at)
    message["Message-ID"] = f"<{due.id}@{domain}>"
    # The ticket is the thread: a first mail that nobody got, and all others answer it.
    thread = f"<ticket.{due.ticket_id}@{domain}>"
    message["In-Reply-To"] = thread
    message["References"] = thread
    link = unsubscribe.link(settings.base_url, settings.jwt_secret_key, due.user_id)
    message["List-Unsubscribe"] = f"<{link}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Auto-Submitted"] = "auto-generated"
    words = _words(due, link)
    message.set_content(_text.get_template("mail.txt.j2").render(words), cte="quoted-printable")
    html = _html.get_template("mail.html.j2").render(words)
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    message.set_boundary(f"=={due.id.hex}==")
    return message


def line(text: str) -> str:
    """Other people's text as a part of a header or headline: one line, left as it reads."""
    kept = (
        " " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c
        for c in text
        if c not in DIRECTION
    )
    return " ".join("".join(kept).split())[:LONGEST_LINE]


def _recipient(due: Mail) -> Address:
    user, _, domain = due.to_email.rpartition("@")
    checked = validate_email(
        due.to_email, check_deliverability=False, globally_deliverable=False, test_environment=True
    )
    return Address(line(due.to_name), user, checked.ascii_domain or domain)


def _words(due: Mail, link: str) -> dict[str, object]:
    shown = due.news[:MOST_NEWS]
    return {
        "name": line(due.to_name),
        "number": due.ticket_number,
        "title": line(due.ticket_title),
        "news": [{"headline": _headline(item), "content": _content(item)} for item in shown],
        "more": len(due.news) - len(shown),
        "unsubscribe": link,
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
