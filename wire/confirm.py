"""The link in a mail that confirms an address.

The token stands behind the ``#``: no server is told it with the page, and no log has it. Only the
page's button sends it, as programs that read mails follow links.
"""

PATH = "/verify"


def link(base_url: str, token: str) -> str:
    return f"{base_url}{PATH}#token={token}"
