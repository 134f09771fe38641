"""Delivery reports of the simulated SMS vendor: what becomes of a message, what is told of it, and when."""

import json
import random
import re
import time
import uuid
from dataclasses import dataclass
from typing import Any

from sandbox.kpn_sms_settings import SmsSettings
from sandbox.settings import report_speed
from sandbox.store import Row, Store
from sandbox.wire import encode

DELIVERED, QUEUED, ACCEPTED, FAILED, REJECTED, EXPIRED = 1, 2, 3, 4, 5, 6
# What the shares of the settings end with.
USUAL_CODES = {FAILED: "006", REJECTED: "022", EXPIRED: "024"}
# +31 6 12 99 4 02 ends as failed with 002, …99 3 00 is accepted and never ends, …99 0 00 is never told of.
ORDERED_END = re.compile(r"99([0-6])([0-9]{2})$")
MESSAGE_TYPE = "sms_dlr"


@dataclass(frozen=True, slots=True)
class Fate:
    """How a message ends. `told` is False for one of which nothing is ever told."""

    status: int = DELIVERED
    error_code: str = ""
    told: bool = True

    @property
    def end(self) -> tuple[int, str]:
        return self.status, self.error_code


def fate_of(number: str, settings: SmsSettings) -> Fate:
    """By the number's last digits, else by the shares; the same for a number each time."""
    if ordered := ORDERED_END.search(number):
        status, code = int(ordered[1]), ordered[2]
        return Fate(status or ACCEPTED, "" if code == "00" else f"0{code}", told=bool(status))
    fall = random.Random(number).random()
    for status, share in (
        (FAILED, settings.failed_share),
        (REJECTED, settings.rejected_share),
        (EXPIRED, settings.expired_share),
    ):
        if fall < share:
            return Fate(status, USUAL_CODES[status])
        fall -= share
    return Fate()


def plan_reports(
    store: Store, client_id: str, settings: SmsSettings, first_id: int, url: str, fates: list[Fate], now: float
) -> None:
    """Reports of messages with consecutive ids: due in time, or held for the control API."""
    if settings.mode == "none":
        return
    state = "held" if settings.mode == "manual" else "waiting"
    speed = report_speed(store)
    manner = manner_of(settings)
    rows = []
    for sms_id, fate in enumerate(fates, first_id):
        for status, code, happened_at, due_at in _course(fate, settings, now, speed):
            rows += [(client_id, sms_id, url, status, code, happened_at, manner, state, due_at)]
    store.run_many(
        "INSERT INTO sms_reports (client_id, sms_id, url, status, error_code, happened_at, manner, state, due_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )


def _course(fate: Fate, settings: SmsSettings, now: float, speed: float) -> list[tuple[int, str, float, float]]:
    """The reports of one message: status, code, when it happened, when it is told."""
    if not fate.told:
        return []
    steps = []
    if settings.accepted_after is not None:
        steps.append((ACCEPTED, "", now + settings.accepted_after / speed))
    if settings.ended_after is not None and fate.status not in (ACCEPTED, QUEUED):
        steps.append((*fate.end, now + settings.ended_after / speed))
    if fate.status == QUEUED:
        steps = [(QUEUED, "", now)]
    told_at = [at for *_, at in steps]
    if settings.order == "reversed":
        steps.reverse()
    return [(status, code, at, due) for (status, code, at), due in zip(steps, told_at, strict=True)]


# --- The body ---------------------------------------------------------------------------------------------------------


def manner_of(settings: SmsSettings) -> str:
    """What of the settings shapes a report, as JSON: kept with it, so that every attempt has the same bytes."""
    manner: dict[str, Any] = {"left_out": settings.left_out, "more": settings.more}
    manner |= {"time_as": settings.time_as, "codes_as_text": settings.codes_as_text}
    return json.dumps({name: value for name, value in manner.items() if value and value != "number"})


def body_of(report: Row, sms: Row | None) -> bytes:
    if report["body"] is not None:
        return report["body"]
    assert sms is not None
    manner = json.loads(report["manner"])
    fields: dict[str, Any] = {
        "DLRID": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{sms['message_id']}/{report['id']}")),
        "MessageType": MESSAGE_TYPE,
        "RecipientPhonenumber": sms["number"].lstrip("+"),
        "Message": sms["text"],
        "CustomerId": report["client_id"],
        "StatusDateTime": _time_as(report["happened_at"], manner.get("time_as", "number")),
        "StatusCode": str(report["status"]) if manner.get("codes_as_text") else report["status"],
        "DocumentId": sms["document_id"],
        "MessageId": sms["message_id"],
    }
    if report["error_code"]:
        fields["ErrorCode"] = report["error_code"]
    told = {name: value for name, value in fields.items() if name not in manner.get("left_out", ())}
    return encode(told | manner.get("more", {}))


def _time_as(moment: float, how: str) -> int | str:
    if how == "milliseconds":
        return round(moment * 1000)
    return str(int(moment)) if how == "text" else int(moment)


def add_post(
    store: Store, client_id: str, url: str, *, body: bytes | None = None, held: bool = False, **columns: Any
) -> int:
    """One more post to a webhook, due at once unless held. Returns its id."""
    now = time.time()
    values = {"happened_at": now, **columns, "client_id": client_id, "url": url, "body": body, "due_at": now}
    values["state"] = "held" if held else "waiting"
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    return store.insert(f"INSERT INTO sms_reports ({names}) VALUES ({marks})", *values.values())  # noqa: S608
