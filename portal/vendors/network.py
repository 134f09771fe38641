"""Which numbers are addresses of the public internet, and where a name leads."""

import ipaddress
import socket

Number = ipaddress.IPv4Address | ipaddress.IPv6Address

# Of IPv6 only this has been given out (RFC 4291); what the standard library does not know yet is left out of it.
UNICAST = ipaddress.IPv6Network("2000::/3")
RESERVED = [ipaddress.ip_network(each) for each in ("192.88.99.0/24", "3fff::/20", "64:ff9b:1::/48")]
# A network's way from IPv6 to IPv4 (RFC 6052), and a spelling that was given up (RFC 4291, 2.5.5.1).
NAT64, COMPATIBLE = ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96")


class InnerAddress(Exception):
    """A name leads to a machine of one's own network, by one of its addresses at least."""


def number_of(host: str) -> Number | None:
    """As a resolver would read it ("127.1", "2130706433" and "0x7f000001" are 127.0.0.1 too); None for a name.

    An IPv6 address that stands for one of IPv4 (mapped, 6to4, NAT64) is that one.
    """
    try:
        number = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except (OSError, ValueError):
            return None
    return number if isinstance(number, ipaddress.IPv4Address) else _within(number) or number


def _within(number: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if number in NAT64 or (number in COMPATIBLE and int(number) > 1):
        return ipaddress.IPv4Address(int(number) & 0xFFFFFFFF)
    return number.ipv4_mapped or number.sixtofour


def is_public(number: Number) -> bool:
    """Neither this machine, nor a network of one's own, nor many machines at once."""
    if isinstance(number, ipaddress.IPv6Address) and number not in UNICAST:
        return False
    return number.is_global and not number.is_multicast and not any(number in each for each in RESERVED)


def public_addresses(host: str, port: int) -> list[str]:
    """All numbers that `host` leads to, in the resolver's order, for connecting to one of them and to nothing else.

    Raises InnerAddress when any of them is not public: a name that mixes them is meant to be mistaken. Raises OSError of
    the look-up as it comes.
    """
    found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for address in found:
        number = number_of(address)
        if number is None or not is_public(number):
            raise InnerAddress(address)
    return list(dict.fromkeys(found))
