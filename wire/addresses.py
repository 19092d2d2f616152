"""Which addresses a webhook may call: those of the public internet, unless settings allow more.

Asked when a webhook is registered, to tell the admin, and at every connection, which then goes to
the very address that was checked: what a name points to may have changed since.

The networks are a list of our own, from IANA's registries of special-purpose addresses:
what Python's `ipaddress` knows depends on its patch version.
"""

import socket
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

SPECIAL_V4 = [
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
]
# Of IPv6 only this is the public internet. Outside of it are, among others, the forms that carry an
# IPv4 address to somewhere else: compatible, translated (::ffff:0:a.b.c.d), NAT64.
GLOBAL_V6 = IPv6Network("2000::/3")
SPECIAL_V6 = [
    IPv6Network(text)
    for text in (
        "2001::/23",  # Teredo, ORCHID, benchmarks and more
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",
        "3fff::/20",
    )
]
PORTS = {"http": 80, "https": 443}
# Above the well-known ports receivers of all kinds listen, and these services, which might take
# the lines of a request for commands.
HIGH_PORTS = range(1025, 65536)
SERVICES = frozenset(
    (
        *(1080, 3128),  # proxies
        *(1433, 1434, 1521, 3050, 3306, 33060, 5432, 5433, 6432, 26257, 50000),  # SQL databases
        *(5984, 6984, 7000, 7001, 7199, 7474, 7687, 8529, 9042, 9160, 28015),  # other databases
        *(27017, 27018, 27019, 27020),  # MongoDB
        *(6379, 6380, 6381, 16379, 26379),  # Redis, Valkey
        *(11211, 11212),  # memcached
        *(8983, 9200, 9300),  # Solr, Elasticsearch
        *(8086, 8125, 9090, 9091, 9100),  # figures of machines
        *(2181, 2379, 2380, 4001, 8200, 8300, 8301, 8302, 8500, 8600),  # ZooKeeper, etcd, Consul
        *(2375, 2376, 2377, 4243, 6443, 10250, 10255, 10256),  # Docker, Kubernetes
        *(1883, 4222, 4369, 5671, 5672, 8883, 9092, 11300, 15672, 25672, 61613, 61616),  # queues
        *(2525, 2049, 3260, 3690, 9418),  # mail, files, repositories
        *(3389, 5900, 5901, 5985, 5986, 6000, 6001),  # remote desktops and shells
    )
)


class AddressRefused(Exception):
    """Not an address that we call; the text says why."""


class Allowed(NamedTuple):
    """What the settings allow beyond https to the public internet."""

    # Internal networks with every port, and plain http: for trials on one machine.
    private: bool = False
    http: bool = False


def destination(url: str) -> tuple[str, int]:
    """Host and port of a URL."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or PORTS[parts.scheme]


def addresses(url: str, allowed: Allowed) -> list[str]:
    """The addresses that the URL's name stands for, in the order to try them. Blocks.

    Raises `AddressRefused` if the URL may not be called or any of the addresses is internal, and
    OSError or UnicodeError for a name that stands for nothing.
    """
    host, port = destination(url)
    if not allowed.http and urlsplit(url).scheme == "http":
        raise AddressRefused("Only https is called; plain http needs WEBHOOK_ALLOW_HTTP")
    if not allowed.private and not _is_callable(port):
        raise AddressRefused("This port is not called: 443, 80 or one above 1024 without a service")
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    texts = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not allowed.private and not all(is_public(text) for text in texts):
        raise AddressRefused("This is an address of an internal network")
    return texts


def is_public(text: str) -> bool:
    address = ip_address(text)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if isinstance(address, IPv6Address):
        return address in GLOBAL_V6 and not any(address in network for network in SPECIAL_V6)
    return not any(address in network for network in SPECIAL_V4)


def _is_callable(port: int) -> bool:
    return port in PORTS.values() or (port in HIGH_PORTS and port not in SERVICES)
