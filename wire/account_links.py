"""The links in mails about accounts.

The token stands behind the ``#``: no server is told it with the page, and no log has it. Only the
page's form sends it, as programs that read mails follow links.
"""

# By the kind of the mail, which is the purpose of its token.
PATHS = {
    "password_reset": "/reset",
    "email_change": "/email",
    "email_undo": "/email/undo",
    "sign_up": "/signup/confirm",
}


def link(base_url: str, kind: str, token: str) -> str:
    return f"{base_url}{PATHS[kind]}#token={token}"
