"""Messaging as rows, for what is tested without a vendor: a connection, and batches as sending and reports leave them."""

from datetime import datetime, timedelta

from django.utils import timezone

from messaging.models import Batch, Campaign, Destination, Message, MessageState, PartsSent, Sending
from portal.operations.models import Operation, Status
from portal.tenancy.models import Tenant
from portal.vendors.models import Connection
from tests.fixtures.account import connected
from tests.messaging.mailroom import some_campaign

SEND = "messaging.send"


def some_connection(tenant: Tenant, name: str = "SMS") -> Connection:
    return connected(
        tenant, "kpn_sms", name, client_id="account-of-the-messages", client_secret="secret-of-the-messages"
    )


def numbers(count: int, first: int = 1) -> list[str]:
    return [f"+316{12_000_000 + place}" for place in range(first, first + count)]


def destination(connection: Connection, country: str = "NL") -> Destination:
    found, _made = Destination.objects.get_or_create(
        tenant_id=connection.tenant_id, connection=connection, country=country
    )
    return found


def sent_campaign(connection: Connection, states: dict[str, int], at: datetime | None = None, **fields) -> Campaign:
    """One batch that the vendor took at `at` (now); so many of its messages are now in each of `states`."""
    people = numbers(sum(states.values()))
    values = {"state": Campaign.State.DONE, "began_at": at, "ended_at": at} | fields
    campaign = some_campaign(connection, people, **values)
    batch = campaign.batches.get()
    Message.objects.filter(batch=batch).update(state=MessageState.HANDED_OVER)
    taken(batch, at)
    report(campaign, states)
    return campaign


def report(campaign: Campaign, states: dict[str, int]) -> None:
    """Bring the first so many messages into each state."""
    waiting = list(Message.objects.filter(campaign=campaign).order_by("pk").values_list("pk", flat=True))
    for state, count in states.items():
        some, waiting = waiting[:count], waiting[count:]
        Message.objects.filter(pk__in=some).update(state=state, code="12" if state == "failed" else "")


def taken(batch: Batch, at: datetime | None = None) -> Sending:
    """As the vendor's answer leaves it: done, and in the ledger by destination."""
    at = at or timezone.now()
    sending = _sending(batch, Status.DONE, at)
    Sending.objects.filter(pk=sending.pk).update(document_id=f"D-{batch.pk}")
    Batch.objects.filter(pk=batch.pk).update(
        state=Batch.State.DONE, taken_at=at, reports_due_at=at + timedelta(hours=72)
    )
    for country in sorted(set(batch.messages.values_list("country", flat=True))):
        parts = batch.messages.filter(country=country).values_list("parts", flat=True)
        PartsSent.objects.create(
            tenant_id=batch.tenant_id,
            destination=destination(batch.campaign.connection, country),
            batch=batch,
            sending=sending,
            sent_at=at,
            messages=len(parts),
            parts=sum(parts),
        )
    return sending


def lost(batch: Batch, at: datetime | None = None) -> Sending:
    """The answer was lost: nobody knows whether it left."""
    sending = _sending(batch, Status.UNKNOWN, at or timezone.now())
    Batch.objects.filter(pk=batch.pk).update(state=Batch.State.UNKNOWN)
    Message.objects.filter(batch=batch).update(state=MessageState.UNKNOWN)
    for country in sorted(set(batch.messages.values_list("country", flat=True))):
        destination(batch.campaign.connection, country)
    return sending


def _sending(batch: Batch, status: Status, at: datetime) -> Sending:
    operation = Operation.objects.create(
        tenant_id=batch.tenant_id,
        connection_id=batch.campaign.connection_id,
        kind=SEND,
        lane=f"sms:{batch.pk}",
        label=str(batch),
        subject_type=Batch._meta.label_lower,
        subject_id=batch.pk,
        status=status,
        ended_at=at if status == Status.DONE else None,
    )
    Batch.objects.filter(pk=batch.pk).update(operation=operation)
    return Sending.objects.create(
        tenant_id=batch.tenant_id,
        batch=batch,
        connection_id=batch.campaign.connection_id,
        number=batch.sendings.count() + 1,
        started_at=at,
        messages=batch.messages.count(),
    )
