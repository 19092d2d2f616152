"""Where a request comes from: the address behind our proxies, and the networks around it."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_interface,
    ip_network,
)

# IPv6 hands out networks of this size to one customer, and wider ones to who asks.
IPV6_PREFIX = 64
WIDER_PREFIXES = {4: (24,), 6: (56, 48)}
# No address with a port and a zone is longer.
LONGEST_HOP = 100
# Addresses that are kept as they were read: who is here comes again. None is longer than that, or
# has a longer way through proxies.
MOST_KNOWN = 4096
LONGEST_KNOWN = 200


def _unmapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """A socket for both protocols writes IPv4 as ::ffff:192.0.2.1."""
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


def _parsed(hop: str) -> IPv4Address | IPv6Address | None:
    """The address of a hop: alone, with a port, in brackets; None for "unknown" and rubbish."""
    text = hop.strip().strip('"')[:LONGEST_HOP]
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return _unmapped(ip_address(text))
    except ValueError:
        return None


def networks(address: str) -> list[str]:
    """The wider networks that an address, or a network of one customer, is in; narrow first."""
    try:
        interface = ip_interface(address)
    except ValueError:
        return []
    prefixes = WIDER_PREFIXES[interface.version]
    return [str(ip_network((interface.ip, prefix), strict=False)) for prefix in prefixes]


@lru_cache(MOST_KNOWN)
def network(address: str) -> str:
    """The widest of them: all that is told of an address."""
    return (networks(address) or [""])[-1]


def client_address(proxies: Sequence[IPv4Network | IPv6Network], peer: str, forwarded: str) -> str:
    """The nearest address that is no trusted proxy of ours; each proxy adds its peer at the end.

    What stands before that was written by the client and proves nothing.
    """
    hops = forwarded.split(",") if forwarded else []
    if (address := _parsed(peer)) is None:
        return peer[:64]
    while hops and any(address in network for network in proxies):
        # What the proxy does not know, or we cannot read, is the proxy itself.
        if (parsed := _parsed(hops.pop())) is None:
            break
        address = parsed
    return _customer(address)


def _customer(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, IPV6_PREFIX), strict=False))
    return str(address)
