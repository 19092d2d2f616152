"""Mail: over SMTP, or without a server as files that a mail reader opens."""

import contextlib
import smtplib
import ssl
from pathlib import Path
from smtplib import SMTPException
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit
from uuid import UUID

from worker.mail.envelopes import EncodedMail

__all__ = ["Postbox", "SMTPException", "Undeliverable"]

FOLDER = Path(".data/mail")
# For each step of the conversation; all of them together stay under the lease of a mail.
TIMEOUT_SECONDS = 5.0


class Undeliverable(Exception):
    """No try will bring this mail to its address by this server."""


class PlaintextRefused(SMTPException):
    """The server offers no TLS, and the password would go in clear."""


class Postbox:
    """Sends mails, over one connection that is opened for the first and made anew after an error.

    ``url``: ``smtp://`` (STARTTLS where the server offers it; with a password it has to, unless
    ``allow_plaintext``) or ``smtps://``; empty: each mail is a file in `FOLDER`.
    """

    def __init__(self, url: str, *, allow_plaintext: bool = False) -> None:
        self._url = url
        self._allow_plaintext = allow_plaintext
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._smtp is not None:
            with contextlib.suppress(OSError, SMTPException):
                self._smtp.quit()
            self._smtp.close()

    def send(self, mail_id: UUID, mail: EncodedMail) -> None:
        """Raises OSError or SMTPException; then the mail may or may not have arrived.

        Raises `Undeliverable` where another try would be the same.
        """
        if not self._url:
            _write(mail_id, mail)
            return
        if self._smtp is None:
            self._smtp = _connected(self._url, allow_plaintext=self._allow_plaintext)
        options = []
        if not mail.recipient.isascii():
            if not self._smtp.has_extn("smtputf8"):
                raise Undeliverable
            options = ["SMTPUTF8", "BODY=8BITMIME"]
        try:
            self._smtp.sendmail(mail.sender, mail.recipient, mail.data, options)
        except BaseException:
            self._smtp.close()
            self._smtp = None
            raise


def _write(mail_id: UUID, mail: EncodedMail) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    # The same mail is the same file, however often it is sent.
    part = FOLDER / f".{mail_id}.part"
    part.write_bytes(mail.data)
    part.rename(FOLDER / f"{mail_id}.eml")


def _connected(url: str, *, allow_plaintext: bool) -> smtplib.SMTP:
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    # By default smtplib would take any certificate, and then send the password.
    tls = ssl.create_default_context()
    smtp: smtplib.SMTP
    if parts.scheme == "smtps":
        smtp = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT_SECONDS, context=tls)
    else:
        smtp = smtplib.SMTP(host, parts.port or 25, timeout=TIMEOUT_SECONDS)
    try:
        smtp.ehlo_or_helo_if_needed()
        is_secret = parts.scheme == "smtps"
        if not is_secret and smtp.has_extn("starttls"):
            smtp.starttls(context=tls)
            is_secret = True
        if parts.username:
            # Somebody on the way may have hidden that it can.
            if not (is_secret or allow_plaintext):
                raise PlaintextRefused
            smtp.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        smtp.close()
        raise
    return smtp
