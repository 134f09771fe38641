"""The calls of the demo's day before, as events that the vendor would have posted, read like all others."""

import json
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from portal.tenancy.scope import tenant_scope
from portal.vendors.models import Connection
from realtime.calls.models import Call
from realtime.events.identity import key_of
from realtime.events.models import Event
from realtime.events.reading import read_events
from realtime.extensions.models import Extension

CALLS = 60
OFFICE_HOURS = 8


def load(connection: Connection, users: Sequence[str], callers: Sequence[str]) -> None:
    """Once: where calls of earlier days are there, nothing is added."""
    begins = (timezone.localtime() - timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    with tenant_scope(connection.tenant_id):
        if Call.objects.filter(connection=connection, began_at__lt=begins + timedelta(hours=OFFICE_HOURS)).exists():
            return
        ids = dict(Extension.objects.filter(connection=connection).values_list("number", "vendor_id"))
        staff = [{"number": number, "extension_id": ids[number]} for number in users if number in ids]
        for body in _bodies(begins, staff, list(callers)):
            Event.objects.bulk_create(
                [
                    Event(
                        tenant_id=connection.tenant_id,
                        connection=connection,
                        subscription_id=0,
                        key=key_of(body),
                        body=body,
                    )
                ],
                ignore_conflicts=True,
            )
    read_events(connection.tenant_id, connection.pk)


def _bodies(begins: datetime, staff: Sequence[dict[str, str]], callers: Sequence[str]) -> Iterator[bytes]:
    dice = random.Random("the day before")  # noqa: S311 - no secret
    for place in range(CALLS):
        at = begins + timedelta(hours=OFFICE_HOURS) * (place / CALLS)
        who, outside = dice.choice(staff), {"number": dice.choice([*callers, "+31612340000", "+31201230000"])}
        inbound = dice.random() < 0.7
        sides = {"from": outside, "to": who} if inbound else {"from": who, "to": outside}
        call = {**sides, "call_id": f"demo-{place}", "direction": "inbound" if inbound else "outbound"}
        for number, (after, event) in enumerate(_steps(dice)):
            told: dict[str, Any] = {**call, **event, "id": f"demo-{place}-{number}", "time": _written(at + after)}
            yield json.dumps(told).encode()


def _steps(dice: random.Random) -> Iterator[tuple[timedelta, dict[str, str]]]:
    rung, talked = timedelta(seconds=dice.randint(3, 20)), timedelta(seconds=dice.randint(15, 600))
    yield timedelta(), {"event_type": "ringing"}
    if dice.random() < 0.8:
        yield rung, {"event_type": "answered"}
        yield rung + talked, {"event_type": "terminated", "reason": "hangup"}
    else:
        yield rung, {"event_type": "terminated", "reason": dice.choice(["no-answer", "busy"])}


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
