"""Mail: over SMTP, or without a server as files that a mail reader opens."""

import smtplib
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTPUTF8
from pathlib import Path
from smtplib import SMTPException
from urllib.parse import unquote, urlsplit

from config import settings
from desk.notifications import Mail

__all__ = ["SMTPException", "send"]

FOLDER = Path(".data/mail")
TIMEOUT_SECONDS = 10.0


def send(due: Mail) -> None:
    """Sends one mail. Raises OSError or SMTPException; then it may or may not have arrived."""
    message = _message(due)
    if url := settings().smtp_url:
        _over_smtp(url, message)
    else:
        FOLDER.mkdir(parents=True, exist_ok=True)
        # The same notification is the same file, however often it is sent.
        part = FOLDER / f".{due.notification_id}.part"
        part.write_bytes(message.as_bytes())
        part.rename(FOLDER / f"{due.notification_id}.eml")


def _message(due: Mail) -> EmailMessage:
    message = EmailMessage(policy=SMTPUTF8)
    user, _, domain = due.to_email.rpartition("@")
    message["From"] = settings().mail_from
    message["To"] = Address(due.to_name, user, domain)
    message["Subject"] = f"[#{due.ticket_number}] {due.ticket_title}"
    message["Message-ID"] = f"<{due.notification_id}@ticket-desk>"
    message.set_content(
        f"Hello {due.to_name},\n\n"
        f"ticket #{due.ticket_number} was assigned to you:\n\n"
        f"    {due.ticket_title}\n"
    )
    return message


def _over_smtp(url: str, message: EmailMessage) -> None:
    """``smtp://`` (STARTTLS where the server offers it) or ``smtps://``, with user and password."""
    parts = urlsplit(url)
    secure = parts.scheme == "smtps"
    connect = smtplib.SMTP_SSL if secure else smtplib.SMTP
    port = parts.port or (465 if secure else 25)
    with connect(parts.hostname or "localhost", port, timeout=TIMEOUT_SECONDS) as smtp:
        if not secure and smtp.has_extn("starttls"):
            smtp.starttls()
        if parts.username:
            smtp.login(unquote(parts.username), unquote(parts.password or ""))
        smtp.send_message(message)
