"""Events as the vendor writes them, calls that could have happened, and putting them before the reader."""

import hashlib
import json
import secrets
from datetime import UTC, datetime, timedelta
from itertools import count

from django.test import Client
from django.utils import timezone

from portal.tenancy.scope import tenant_scope
from portal.vendors.models import Connection
from realtime.calls.models import Call, Leg
from realtime.events.addresses import PLACE
from realtime.events.identity import key_of
from realtime.events.models import Event
from realtime.events.reading import read_events
from realtime.extensions.models import Extension
from realtime.subscriptions.models import Subscription
from tests.fixtures.account import connected

NOW = timezone.now().replace(microsecond=0)
ANNA, SALES, BOB = "31611111111", "a" * 32, "b" * 32
_numbers = count(1)


def make_telephones(tenant, name: str = "Telephones") -> Connection:
    """A connection with nothing behind it."""
    with tenant_scope(tenant.pk):
        return connected(tenant, "kwebbl", name, client_id="a", client_secret="b")


def make_extension(connection: Connection, name: str, number: str, vendor_id: str = "", **more) -> Extension:
    vendor_id = vendor_id or hashlib.sha256(name.encode()).hexdigest()[:32]
    with tenant_scope(connection.tenant_id):
        return Extension.objects.create(
            tenant_id=connection.tenant_id,
            connection=connection,
            vendor_id=vendor_id,
            name=name,
            number=number,
            **{"kind": "user"} | more,
        )


def make_address(connection: Connection, **more) -> tuple[Subscription, str]:
    """A subscription, and the path of its address."""
    secret = secrets.token_urlsafe(32)
    with tenant_scope(connection.tenant_id):
        subscription = Subscription.objects.create(
            tenant_id=connection.tenant_id,
            connection=connection,
            state="active",
            vendor_id=f"s-{next(_numbers)}",
            digest=hashlib.sha256(secret.encode()).hexdigest(),
        )
        if more:
            Subscription.objects.filter(pk=subscription.pk).update(**more)
    return subscription, PLACE + secret


def post(path: str, body: bytes, **more) -> int:
    return Client().post(path, body, content_type="application/json", **more).status_code


def event(event_type: str, call_id: str = "", seconds: float = 0, **more) -> dict:
    """One event so many seconds after `NOW`; of Anna, who calls the sales department from outside."""
    told = {
        "id": f"e-{next(_numbers)}",
        "event_type": event_type,
        "call_id": call_id,
        "from": {"number": ANNA},
        "to": {"extension_id": SALES, "number": "345"},
        "direction": "inbound",
        "time": _written(NOW + timedelta(seconds=seconds)),
    } | more
    return {name: value for name, value in told.items() if value not in ("", None)}


def bridged(seconds: float, *legs: dict, **more) -> dict:
    told = event("bridged", "", seconds, **more)
    sides = {"from": {"number": ANNA}, "to": {"extension_id": SALES, "number": "345"}, "direction": "inbound"}
    for name in sides:
        told.pop(name, None)
    return told | {"calls": [sides | leg for leg in legs]}


def put(connection: Connection, *events: dict | bytes) -> None:
    """As the intake stores them, in this order."""
    with tenant_scope(connection.tenant_id):
        for told in events:
            body = told if isinstance(told, bytes) else json.dumps(told).encode()
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


def told(connection: Connection, *events: dict | bytes) -> None:
    """Stored, and read."""
    put(connection, *events)
    read_events(connection.tenant_id, connection.pk)


def calls(connection: Connection) -> list[Call]:
    with tenant_scope(connection.tenant_id):
        rows = Call.objects.filter(connection=connection).select_related("from_extension", "to_extension")
        return list(rows.order_by("began_at", "pk"))


def legs(connection: Connection) -> dict[str, Leg]:
    with tenant_scope(connection.tenant_id):
        rows = Leg.objects.filter(connection=connection).select_related("from_extension", "to_extension")
        return {leg.vendor_id: leg for leg in rows}


def picture(connection: Connection) -> list:
    """All calls with their legs, as values: the same for two connections of which the same was told."""
    unlike = ("id", "tenant_id", "connection_id", "call_id", "was_of", "version")
    with tenant_scope(connection.tenant_id):
        rows = [
            (
                {name: value for name, value in _values(call).items() if name not in unlike},
                [
                    {name: value for name, value in _values(leg).items() if name not in unlike}
                    for leg in call.legs.order_by("vendor_id")
                ],
            )
            for call in Call.objects.filter(connection=connection)
        ]
    return sorted(rows, key=lambda row: row[1][0]["vendor_id"])


def outcomes(connection: Connection) -> dict[str, str]:
    with tenant_scope(connection.tenant_id):
        return dict(Event.objects.filter(connection=connection).values_list("key", "outcome"))


def _values(row) -> dict:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
