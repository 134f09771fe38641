"""Where the vendor posts to: an address of its own for each sending, and one for each connection's inbound messages.

An address says itself whose it is, under a code that only the portal can make (HMAC-SHA256, RFC 2104), so that a stranger's
guess costs no look-up. Every key of SEALING_KEYS is believed, the first one makes.
"""

import base64
import binascii
import hmac
import struct
from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from messaging.models import Sending
from portal.vendors.models import Connection

REPORTS, INBOUND = "/sms/reports/", "/sms/inbound/"
LAYOUT = struct.Struct(">QQQ")
CODE_BYTES = 16
TOKEN_LENGTH = 54


class NoSuchAddress(Exception):
    """Nobody's, or not made by this portal."""


@dataclass(frozen=True)
class Address:
    """Whose posts come there; `sending` is 0 at an address for inbound messages."""

    tenant_id: int
    connection_id: int
    sending_id: int = 0


def report_url(sending: Sending) -> str:
    return _url(REPORTS, Address(sending.tenant_id, sending.connection_id, sending.pk))


def inbound_url(connection: Connection) -> str:
    return _url(INBOUND, Address(connection.tenant_id, connection.pk))


def address_of(path: str) -> Address:
    """Whose address the path is. Raises NoSuchAddress."""
    for place in (REPORTS, INBOUND):
        if path.startswith(place):
            return _read(place, path.removeprefix(place))
    raise NoSuchAddress


def _url(place: str, address: Address) -> str:
    return f"{settings.PORTAL_URL}{place}{_token(place, address)}"


def _token(place: str, address: Address) -> str:
    told = LAYOUT.pack(address.tenant_id, address.connection_id, address.sending_id)
    code = _code(place, told, _codekeys(tuple(settings.SEALING_KEYS))[0])
    return base64.urlsafe_b64encode(told + code).decode().rstrip("=")


def _read(place: str, token: str) -> Address:
    try:
        raw = base64.urlsafe_b64decode(f"{token}==") if len(token) == TOKEN_LENGTH else b""
    except (binascii.Error, ValueError):
        raise NoSuchAddress from None
    told, code = raw[: LAYOUT.size], raw[LAYOUT.size :]
    keys = _codekeys(tuple(settings.SEALING_KEYS))
    if len(code) != CODE_BYTES or not any(hmac.compare_digest(code, _code(place, told, key)) for key in keys):
        raise NoSuchAddress
    return Address(*LAYOUT.unpack(told))


def _code(place: str, told: bytes, key: bytes) -> bytes:
    """The place is part of it: an address for reports is none for inbound messages."""
    return hmac.digest(key, place.encode() + told, "sha256")[:CODE_BYTES]


@lru_cache(maxsize=8)
def _codekeys(sealing_keys: tuple[str, ...]) -> list[bytes]:
    return [
        HKDF(SHA256(), 32, salt=None, info=b"addresses of SMS reports").derive(base64.urlsafe_b64decode(key))
        for key in sealing_keys
    ]
