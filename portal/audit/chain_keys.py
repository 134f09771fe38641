"""The chain's keys, stretched from the sealing keys (HKDF-SHA256, RFC 5869) so that neither opens what the other guards."""

import base64
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


@dataclass(frozen=True)
class ChainKey:
    """`id` names the key in a link and tells nothing about it."""

    id: str
    secret: bytes = field(repr=False)


@lru_cache(maxsize=64)
def stretched(sealing_key: str) -> ChainKey:
    raw = base64.urlsafe_b64decode(sealing_key)
    return ChainKey(_derived(raw, b"portal.audit.chain.id", 4).hex(), _derived(raw, b"portal.audit.chain", 32))


def _derived(raw: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=info).derive(raw)
