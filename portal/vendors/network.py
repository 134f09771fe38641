"""Which numbers are addresses of the public internet."""

import ipaddress
import socket

Number = ipaddress.IPv4Address | ipaddress.IPv6Address


def number_of(host: str) -> Number | None:
    """As a resolver would read it ("127.1", "2130706433" and "0x7f000001" are 127.0.0.1 too); None for a name."""
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except (OSError, ValueError):
            return None
    within = getattr(number, "ipv4_mapped", None) or getattr(number, "sixtofour", None)
    return within or number


def is_public(number: Number) -> bool:
    """Neither this machine, nor a network of one's own, nor many machines at once."""
    return number.is_global and not number.is_multicast
