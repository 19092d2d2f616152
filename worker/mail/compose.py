"""What a mail says: pure, from what is due to its bytes.

The sentences on what happened are made here (`_headline`); what stands around them is in
`worker/mail/templates`.

Names, titles and contents are other people's words. None of them can begin a header or a tag, and
none is in a mail to an address that nobody has confirmed.
"""

from collections.abc import Sequence

from config import Settings
from desk.crypto import token_hash
from desk.notifications import confirmations
from desk.notifications.account_mails import Notice
from desk.notifications.confirmations import Confirmation
from desk.notifications.mail_queue import Mail, News, Told
from models import NotificationKind, Role
from wire import confirm, rating_links
from worker.mail import account_mails
from worker.mail.envelopes import EncodedMail, Envelope, encoded, line

LONGEST_CONTENT = 2_000
# Of one ticket; and tickets.
MOST_NEWS = 20
MOST_TICKETS = 100


def compose(due: Mail | Confirmation | Notice, settings: Settings) -> EncodedMail:
    """The mail, the same to the byte whenever it is made again."""
    if isinstance(due, Notice):
        return account_mails.compose(due, settings)
    if isinstance(due, Confirmation):
        return _asking(due, settings)
    at = max(item.at for told in due.tickets for item in told.news)
    thread = due.tickets[0].id if len(due.tickets) == 1 else None
    name = "" if due.is_neutral else due.to_name
    subject = _subject(due.tickets, is_neutral=due.is_neutral)
    envelope = Envelope(due.id, due.user_id, due.to_email, name, subject, at, thread)
    if due.is_neutral:
        return encoded(envelope, "neutral", _neutral(due, settings.base_url), settings)
    return encoded(envelope, "mail", _words(due, settings), settings)


def _asking(due: Confirmation, settings: Settings) -> EncodedMail:
    """Raises `LookupError` if it was asked for under a key that is gone: no token fits it."""
    made = (confirmations.token(secret, due.nonce) for secret in settings.secrets)
    token = next((token for token in made if token_hash(token) == due.hash), None)
    if token is None:
        raise LookupError("the key of this link is gone")
    envelope = Envelope(due.id, due.user_id, due.to_email, "", "Confirm your address", due.asked_at)
    words = {
        "desk": settings.base_url,
        "link": confirm.link(settings.base_url, token),
        "days": confirmations.LIFETIME.days,
        "is_visitor": due.is_visitor,
    }
    return encoded(envelope, "confirm", words, settings)


def _subject(tickets: Sequence[Told], *, is_neutral: bool = False) -> str:
    if len(tickets) > 1:
        return f"{len(tickets)} tickets were assigned to you"
    (told,) = tickets
    return (
        f"[#{told.number}] News on your ticket" if is_neutral else f"[#{told.number}] {told.title}"
    )


def _neutral(due: Mail, base_url: str) -> dict[str, object]:
    shown = due.tickets[:MOST_TICKETS]
    return {
        "tickets": [{"number": told.number, "link": _link(told, base_url)} for told in shown],
        "more": len(due.tickets) - len(shown),
    }


def _words(due: Mail, settings: Settings) -> dict[str, object]:
    shown = due.tickets[:MOST_TICKETS]
    return {
        "name": line(due.to_name),
        "subject": f"Ticket #{shown[0].number}" if len(due.tickets) == 1 else _subject(due.tickets),
        "tickets": [_told(told, settings) for told in shown],
        "more": len(due.tickets) - len(shown),
        "is_visitor": due.is_visitor,
    }


def _told(told: Told, settings: Settings) -> dict[str, object]:
    shown = told.news[:MOST_NEWS]
    base_url = settings.base_url
    is_asked = told.asks_rating and settings.csat == "auto"
    return {
        "number": told.number,
        "title": line(told.title),
        "news": [_item(item, base_url) for item in shown],
        "more": len(told.news) - len(shown),
        "link": _link(told, base_url),
        "scores": rating_links.links(base_url, settings.jwt_secret_key, told.id)
        if is_asked
        else {},
        "sign_up": f"{base_url}/signup" if told.is_copy else None,
    }


def _item(item: News, base_url: str) -> dict[str, object]:
    files = [
        {"name": line(name), "link": f"{base_url}/attachments/{id}"} for id, name in item.files
    ]
    return {"headline": _headline(item), "content": _content(item), "files": files}


def _link(told: Told, base_url: str) -> str:
    return f"{base_url}/tickets/{told.number}"


def _content(item: News) -> str | None:
    if item.content is None or len(item.content) <= LONGEST_CONTENT:
        return item.content
    return item.content[:LONGEST_CONTENT] + " […]"


def _who(item: News) -> str:
    """The writer by name and by role: whoever calls themselves support is not."""
    if item.actor_name is None:
        return "The desk"
    return f"{line(item.actor_name)}, {'customer' if item.actor_role is Role.USER else 'support'},"


def _headline(item: News) -> str:
    who = _who(item)
    status = (item.status or "").replace("_", " ")
    match item.kind:
        case NotificationKind.ASSIGNED:
            return f"{who} assigned this ticket to you."
        case NotificationKind.REOPENED:
            return f"{who} reopened this ticket."
        case NotificationKind.REMINDER:
            return "You wanted to be reminded of this ticket."
        case NotificationKind.RATED:
            return f"{who} rated the answer {item.score} of {rating_links.SCORES[-1]}."
        case NotificationKind.WOKE if item.actor_name is None:
            return "This ticket was snoozed until now: it is work again."
        case NotificationKind.WOKE:
            return f"{who} woke this ticket, which was snoozed."
        case NotificationKind.STATUS_CHANGED:
            return f"{who} set the status to {status}."
        case NotificationKind.ADDED:
            return f"{who} put you on copy of this ticket."
        case NotificationKind.MERGED:
            return f"{who} merged another ticket into this one."
        case NotificationKind.MENTIONED:
            return f"{who} mentioned you in {'a note' if item.is_note else 'a message'}:"
        case NotificationKind.MESSAGE_POSTED:
            return f"{who} wrote a note:" if item.is_note else f"{who} wrote:"
        case _:  # Of a newer process: see `models.base.opaque`.
            return f"{who} changed this ticket."
