"""How often somebody may ask: counted by network address and by number in the shared cache, which forgets by itself."""

import ipaddress
import time

from django.core.cache import cache
from django.utils.crypto import salted_hmac

HOUR, DAY = 3_600, 86_400
# Of one network address: forms sent, right or wrong.
MOST_SENT_AN_HOUR = 20
# Of one network address, and to one number, over all forms of the portal.
MOST_OF_ADDRESS_AN_HOUR, MOST_TO_NUMBER_A_DAY = 5, 5


class TooOften(Exception):
    """Nothing was done."""


def address_digest(address: str | None) -> str:
    """By which an address is counted and kept; an IPv6 network is one address."""
    return salted_hmac("realtime.callback", _network(address), algorithm="sha256").hexdigest()


def _network(address: str | None) -> str:
    if not address or ":" not in address:
        return address or ""
    return str(ipaddress.ip_network(f"{address}/64", strict=False))


def count_sent(digest: str) -> None:
    """Raises TooOften."""
    _count(f"sent:{digest}", HOUR, MOST_SENT_AN_HOUR)


def count_request(digest: str, number: str) -> None:
    """Raises TooOften."""
    _count(f"asked:{digest}", HOUR, MOST_OF_ADDRESS_AN_HOUR)
    told = salted_hmac("realtime.callback.number", number, algorithm="sha256").hexdigest()
    _count(f"called:{told}", DAY, MOST_TO_NUMBER_A_DAY)


def _count(what: str, seconds: int, most: int) -> None:
    key = f"callback:{what}:{int(time.time() // seconds)}"
    cache.add(key, 0, 2 * seconds)
    if cache.incr(key) > most:
        raise TooOften
