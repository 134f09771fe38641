"""Does a post come from the vendor? HMAC-SHA256 over its raw bytes, before anything of it is read (signing-key API).

The vendor names the key in a header, which is not signed: it chooses among the keys of the connection and proves nothing.
"""

import hmac
import re
from collections.abc import Iterable

from messaging.reports.keyring import Key

SIGNATURE, KEY_ID = "X-KPN-Webhook-Signature", "X-KPN-Webhook-Key-Id"
_HEX = re.compile(r"[0-9a-fA-F]{64}")


class NotProven(Exception):
    """`reason` is a word that refused posts are counted by."""

    UNSIGNED, UNKNOWN_KEY, RETIRED_KEY, WRONG = "unsigned", "unknown_key", "retired_key", "wrong_signature"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def proven_by(keys: Iterable[Key], body: bytes, signature: str, key_id: str) -> Key:
    """The key that `body` is signed with. Raises NotProven."""
    if not _HEX.fullmatch(signature):
        raise NotProven(NotProven.UNSIGNED)
    keys = list(keys)
    named = [key for key in keys if key_id and key.key_id == key_id]
    if named and not named[0].believed:
        raise NotProven(NotProven.RETIRED_KEY)
    for key in named or [key for key in keys if key.believed]:
        if _fits(key, body, signature):
            return key
    raise NotProven(NotProven.WRONG if named or not key_id else NotProven.UNKNOWN_KEY)


def _fits(key: Key, body: bytes, signature: str) -> bool:
    """An empty secret fits nothing: anybody could sign with it."""
    made = hmac.digest(key.secret, body, "sha256").hex() if key.secret else ""
    return bool(made) and hmac.compare_digest(made, signature.lower())
