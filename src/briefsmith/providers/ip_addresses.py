"""How far an IP address reaches, and which a name has at the moment.

Source: the special-purpose registries of IANA; written out, as the standard library's differ between releases.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Literal

from briefsmith.schemas.web_addresses import IPAddress, WebAddress

Reach = Literal["public", "private", "never"]

Resolve = Callable[[str, int], Awaitable[list[IPAddress]]]
"""Addresses of a name for a port.

Raises:
    OSError: There is none, or nobody to ask.
"""

_PRIVATE_4 = tuple(
    map(
        IPv4Network,
        ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
    )
)
_NEVER_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # "this network": Linux takes it for the machine itself
            "100.100.100.200/32",  # tells secrets to whoever asks from inside of a cloud
            "169.254.0.0/16",  # link-local, with 169.254.169.254 as above
            "192.0.0.0/24",  # protocol assignments, wholly
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # relays of 6to4
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
_PRIVATE_6 = (IPv6Network("::1/128"), IPv6Network("fc00::/7"))
_GLOBAL_6 = IPv6Network("2000::/3")
_NEVER_6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments, Teredo among them
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, whose relays are gone (RFC 7526)
            "3fff::/20",  # documentation
            "fd00:ec2::/32",  # as 169.254.169.254
        ),
    )
)
# What embeds an IPv4 address in its last 32 bits.
_EMBEDDING = (
    IPv6Network("::ffff:0:0/96"),  # mapped
    IPv6Network("64:ff9b::/96"),  # NAT64
)
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)


def reach_of(address: IPAddress) -> Reach:
    """Who can be reached there: anybody, somebody near, or nobody that anything should go to.

    What stands for an IPv4 address inside of an IPv6 one reaches as far as that.
    """
    if isinstance(address, IPv4Address):
        if any(address in network for network in _NEVER_4):
            return "never"
        return "private" if any(address in network for network in _PRIVATE_4) else "public"
    if address.scope_id is not None or any(address in network for network in _NEVER_6):
        return "never"
    if any(address in network for network in _EMBEDDING):
        return reach_of(IPv4Address(int(address) & 0xFFFF_FFFF))
    if any(address in network for network in _PRIVATE_6):
        return "private"
    return "public" if address in _GLOBAL_6 and not _is_tunnel(address) else "never"


def _is_tunnel(address: IPv6Address) -> bool:
    return int(address) >> 32 & 0xFFFF_FFFF in _ISATAP


async def resolve(host: str, port: int) -> list[IPAddress]:
    """See `Resolve`: as this machine looks names up."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(entry[4][0])) for entry in found))


async def looked_up(address: WebAddress, look_up: Resolve) -> list[IPAddress]:
    """The addresses to connect to: these and no others, as a name may have others the next moment.

    Raises:
        OSError: The name has none, or nobody could be asked.
    """
    addresses = [address.literal] if address.literal else await look_up(address.host, address.port)
    if not addresses:
        message = "no address"
        raise OSError(message)
    return addresses


def reach_of_all(addresses: Iterable[IPAddress]) -> Reach:
    """The worst of them: whoever owns a name may give it any others beside a public one."""
    reaches = {reach_of(address) for address in addresses}
    return "never" if "never" in reaches else "private" if "private" in reaches else "public"
