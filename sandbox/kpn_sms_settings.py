"""How the simulated SMS vendor treats one account: set through the control API, kept in the store."""

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from sandbox.checks import BadInput, Check, checked, one_of, optional, probability, seconds, text, whole, yes_or_no
from sandbox.store import Store

MODES = ("auto", "manual", "none")
ORDERS = ("in_order", "reversed")
TIMES = ("number", "text", "milliseconds")
SIGNING = ("right", "wrong", "unsigned", "unknown_id")
REPORT_FIELDS = (
    "DLRID",
    "MessageType",
    "RecipientPhonenumber",
    "Message",
    "CustomerId",
    "StatusDateTime",
    "StatusCode",
    "ErrorCode",
    "DocumentId",
    "MessageId",
)


@dataclass(frozen=True, slots=True)
class SmsSettings:
    """README.md says what each field does; times are seconds of the vendor's, which `report_speed` divides."""

    test_mode: bool = False
    organization: str = ""
    team: str = ""
    keys_offered: bool = True
    mode: str = "auto"
    accepted_after: float | None = 0.1
    ended_after: float | None = 1.0
    failed_share: float = 0.0
    rejected_share: float = 0.0
    expired_share: float = 0.0
    left_out: list[str] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)
    time_as: str = "number"
    codes_as_text: bool = False
    duplicates: int = 0
    order: str = "in_order"
    signing: str = "right"
    inbound_url: str = ""

    def owner(self, level: str, client_id: str) -> str:
        """Who holds the signing keys of a level: accounts of one organization or team share theirs."""
        return {"organizations": self.organization, "teams": self.team}.get(level) or client_id


def _names(value: Any) -> list[str]:
    if not isinstance(value, list) or not set(value) <= set(REPORT_FIELDS):
        raise BadInput(f"must be a list of {', '.join(REPORT_FIELDS)}")
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadInput("must be an object")
    return value


def _few(value: Any) -> int:
    if not 0 <= whole(value) <= 10:
        raise BadInput("must be from 0 to 10")
    return value


def _address(value: Any) -> str:
    return value if value == "" else text(value)


FIELDS: dict[str, Check] = {
    "test_mode": yes_or_no,
    "organization": text,
    "team": text,
    "keys_offered": yes_or_no,
    "mode": one_of(*MODES),
    "accepted_after": optional(seconds),
    "ended_after": optional(seconds),
    "failed_share": probability,
    "rejected_share": probability,
    "expired_share": probability,
    "left_out": _names,
    "more": _object,
    "time_as": one_of(*TIMES),
    "codes_as_text": yes_or_no,
    "duplicates": _few,
    "order": one_of(*ORDERS),
    "signing": one_of(*SIGNING),
    "inbound_url": _address,
}
assert FIELDS.keys() == {each.name for each in fields(SmsSettings)}


def settings_of(store: Store, client_id: str) -> SmsSettings:
    rows = store.all("SELECT name, value FROM sms_settings WHERE client_id = ?", client_id)
    return SmsSettings(**{row["name"]: json.loads(row["value"]) for row in rows})


def change_settings(store: Store, client_id: str, values: dict[str, Any]) -> SmsSettings:
    """Fields left out keep their value. Raises BadInput."""
    for name, value in checked(values, FIELDS).items():
        store.run("INSERT OR REPLACE INTO sms_settings VALUES (?, ?, ?)", client_id, name, json.dumps(value))
    return settings_of(store, client_id)


def shown(settings: SmsSettings) -> dict[str, Any]:
    return asdict(settings)
