"""What a report says. Fields may be missing by the customer's privacy settings; what is not known by name is kept.

Names other than DLRID, MessageType, RecipientPhonenumber, Message, CustomerId and StatusDateTime are not written down by the
vendor: StatusCode, ErrorCode, DocumentId and MessageId are a decision, made here alone (decision 0055).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from messaging.models import MessageState
from messaging.reports import codes

DELIVERY_FIELDS = {"statuscode", "recipientphonenumber", "documentid", "errorcode", "statusdatetime", "messagetype"}
# The text is kept elsewhere, for as long as the company says.
NOT_KEPT = {"message"}
MOST_MORE, LONGEST_MORE = 30, 300


class NotUnderstood(Exception):
    """No JSON object, or nothing in it that this portal knows."""


@dataclass(frozen=True)
class Delivery:
    """One state of one message. `number` is E.164 or "", `state` None for a status that is not described."""

    state: MessageState | None
    status: str = ""
    code: str = ""
    number: str = ""
    document_id: str = ""
    at: datetime | None = None
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Inbound:
    """An SMS from somebody (inbound API). `sender` may be a name."""

    sender: str
    recipient: str
    vendor_id: str
    text: str
    at: datetime | None


def read(body: bytes) -> Delivery | Inbound:
    """Raises NotUnderstood."""
    told = _object(body)
    plain = {_plain(name): value for name, value in told.items()}
    if {"sender", "recipient", "messageid"} <= plain.keys() and "statuscode" not in plain:
        return _inbound(plain)
    if not DELIVERY_FIELDS & plain.keys():
        raise NotUnderstood
    status = _text(plain.get("statuscode"))
    return Delivery(
        state=codes.STATES.get(status),
        status=status[:20],
        code=codes.normal(plain.get("errorcode")),
        number=e164(_text(plain.get("recipientphonenumber"))),
        document_id=_text(plain.get("documentid")),
        at=_epoch(plain.get("statusdatetime")),
        more=_more(told),
    )


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise NotUnderstood from None
    if isinstance(told, list) and len(told) == 1:
        told = told[0]
    if not isinstance(told, dict):
        raise NotUnderstood
    return told


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _text(value: Any) -> str:
    """PostgreSQL's text holds no zero bytes, and no half of a surrogate pair."""
    if value is None or isinstance(value, dict | list):
        return ""
    return str(value).strip().replace("\0", "").encode(errors="replace").decode()


def e164(number: str) -> str:
    """A recipient as messages have it; the vendor writes 316…, +316…, 00316… and 06…. "" for what is no number."""
    bare = number.replace(" ", "").replace("-", "")
    digits = bare.removeprefix("+")
    if not digits.isascii() or not digits.isdigit():
        return ""
    if bare.startswith("+"):
        return bare[:16]
    if digits.startswith("00"):
        return f"+{digits[2:]}"[:16]
    return f"+31{digits[1:]}"[:16] if digits.startswith("0") else f"+{digits}"[:16]


def _epoch(value: Any) -> datetime | None:
    """Seconds, or milliseconds where they would lie thousands of years ahead."""
    try:
        seconds = float(value)
        return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _more(told: Mapping[str, Any]) -> dict[str, Any]:
    """What is not shown by a name of its own, cut to a bearable size."""
    shown = {"statuscode", "errorcode", "recipientphonenumber", "statusdatetime"} | NOT_KEPT
    kept = [(name, value) for name, value in told.items() if _plain(name) not in shown]
    return {_text(name)[:80]: _text(_flat(value))[:LONGEST_MORE] for name, value in kept[:MOST_MORE]}


def _flat(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def _inbound(plain: Mapping[str, Any]) -> Inbound:
    return Inbound(
        sender=(e164(_text(plain["sender"])) or _text(plain["sender"]))[:40],
        recipient=e164(_text(plain["recipient"])),
        vendor_id=_text(plain["messageid"])[:200],
        text=_text(plain.get("content"))[:10_000],
        at=_utc(_text(plain.get("timestamputc"))),
    )


def _utc(value: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
