"""Which addresses a webhook may call: those of the public internet, unless settings allow all.

Asked when a webhook is registered, to tell the admin, and at every connection, which then goes to
the very address that was checked: what a name points to may have changed since.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

# IPv6 addresses that carry an IPv4 address to somewhere else.
TRANSLATED = [
    IPv6Network(text)
    for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
]
PORTS = {"http": 80, "https": 443}


class AddressRefused(Exception):
    """Not an address that we call."""


def destination(url: str) -> tuple[str, int]:
    """Host and port of a URL."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or PORTS[parts.scheme]


def addresses(host: str, port: int, *, allow_private: bool) -> list[str]:
    """What the host's name stands for. Blocks.

    Raises `AddressRefused` if any of it is internal, and OSError or UnicodeError for a name that
    stands for nothing.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    texts = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not allow_private and not all(is_public(text) for text in texts):
        raise AddressRefused
    return texts


def is_public(text: str) -> bool:
    address: IPv4Address | IPv6Address = ip_address(text)
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif address.is_site_local or any(address in network for network in TRANSLATED):
            return False
    return address.is_global and not address.is_multicast
