"""What a mail about an account says: each kind has a file of words in ``templates/account``.

The first paragraph is the subject, each other one a paragraph of the mail. One that is a link, and
nothing else, is a link in HTML, too. Nothing in them is written by anybody else.
"""

from pathlib import Path

import jinja2

from config import Settings
from desk.crypto import token_hash
from desk.notifications import account_mails
from desk.notifications.account_mails import Notice
from wire import account_links
from worker.mail.envelopes import EncodedMail, Envelope, encoded

_words = jinja2.Environment(  # What is made of them escapes them.
    loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates") / "account"),
    autoescape=False,
    undefined=jinja2.StrictUndefined,
)


def compose(due: Notice, settings: Settings) -> EncodedMail:
    """The mail, the same to the byte whenever it is made again.

    Raises `LookupError` where its token was made under a key that is gone.
    """
    words = {
        **due.data,
        "desk": settings.base_url,
        "at": f"{due.at:%d %B %Y, %H:%M} UTC",
        "link": _link(due, settings),
    }
    text = _words.get_template(f"{due.kind}.j2").render(words)
    subject, *said = [" ".join(part.split()) for part in text.strip().split("\n\n")]
    envelope = Envelope(due.id, None, due.to_email, "", subject, due.at)
    return encoded(envelope, "account", {"subject": subject, "said": said}, settings)


def _link(due: Notice, settings: Settings) -> str | None:
    if due.link is None:
        return None
    for secret in settings.secrets:
        token = account_mails.token(secret, due.kind, due.link.nonce)
        if token_hash(token) == due.link.hash:
            return account_links.link(settings.base_url, due.kind, token)
    raise LookupError("the key of this link is gone")
