"""By what the same event is known again, also at another address of the same connection."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from realtime.events_wire import canonical_type
from realtime.loose_json import read_json

LONGEST_KEY = 80


def key_of(body: bytes) -> str:
    """The event's own ID and its type, since the document gives an "answered" and a "bridged" the same ID; for an event without
    an ID the digest of all that it says, for what is no event that of its bytes.
    """
    try:
        told = read_json(body)
    except ValueError:
        return _digest(body)
    identity = _identity(told)
    if not identity:
        return _digest(json.dumps(told, sort_keys=True).encode())
    return identity if len(identity) <= LONGEST_KEY else _digest(identity.encode())


def _identity(told: Any) -> str:
    if not isinstance(told, Mapping):
        return ""
    parts = [told.get("id"), told.get("event_type")]
    if not all(isinstance(part, str | int) and str(part).strip() and str(part).isprintable() for part in parts):
        return ""
    return f"{str(parts[0]).strip()}/{canonical_type(str(parts[1]))}"


def _digest(told: bytes) -> str:
    return hashlib.sha256(told).hexdigest()
