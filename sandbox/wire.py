"""What the simulated vendors' modules and the HTTP layer say to each other: calls in, replies or refusals out."""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sandbox.store import Store

JSON = "application/json"
Cause = Literal["call", "late_work", "behind", "control"]


@dataclass(frozen=True, slots=True)
class Call:
    """One vendor call whose account is proven. `path` is relative to the vendor's base URL."""

    vendor: str
    client_id: str
    method: str
    path: str
    query: str
    body: bytes
    transaction_id: str
    content_type: str = ""
    cause: Cause = "call"
    # Whom the front door let in beyond the account: a grant's number, or what stood in the Authorization header.
    principal: str = ""


@dataclass(slots=True)
class Reply:
    """An answer that has not been sent yet. `body` is anything JSON can carry, or text of another `content_type`."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON

    @property
    def is_bare(self) -> bool:
        """True for an answer that HTTP allows no body."""
        return self.status == 204

    def payload(self) -> bytes:
        if self.is_bare:
            return b""
        return encode(self.body) if self.content_type == JSON else self.body.encode()


class Refusal(Exception):
    """The vendor understood and said no, or did not understand."""

    def __init__(
        self, status: int, name: str, message: str, info: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.name = name
        self.message = message
        self.info = info
        self.headers = dict(headers or {})

    def reply(self, transaction_id: str) -> Reply:
        body = {
            "transactionId": transaction_id,
            "status": str(self.status),
            "name": self.name,
            "message": self.message,
            "info": self.info,
        }
        return Reply(self.status, body, self.headers)


def as_it_says(refusal: Refusal, transaction_id: str) -> Reply:
    """In the refusal's own shape."""
    return refusal.reply(transaction_id)


VendorAnswer = Callable[[Store, Call], Reply]
"""Does the work of a call in one transaction; raises Refusal when there is none to do."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What the vendor's front door made of a call: whose it is, the headers of every answer to it, and perhaps a no."""

    client_id: str | None
    headers: dict[str, str]
    refusal: Refusal | None = None
    principal: str = ""


@dataclass(frozen=True, slots=True)
class Vendor:
    """One simulated vendor: its front door, and the work behind it."""

    name: str
    base_path: str
    admit: Callable[[Store, str, bytes], Admission]
    """Takes the Authorization header and the body."""
    answer: VendorAnswer
    route_of: Callable[[str], str]
    """The counters' name of a path, with ids replaced: `/order/O7` is `/order/{order_number}`."""
    refuse: Callable[[Refusal, str], Reply] = as_it_says
    """An error in the shape of this vendor's own; takes the transaction id."""


def new_transaction_id() -> str:
    return uuid.uuid4().hex


def iso_utc(moment: datetime | None = None) -> str:
    """ISO 8601 in UTC with microseconds and Z, now by default."""
    return f"{(moment or datetime.now(UTC)).astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def encode(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def decode_object(body: bytes) -> dict[str, Any]:
    """A JSON object from the wire. Raises ValueError for anything else, NaN and Infinity included."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
