"""The demo's campaigns that are made as people make them: written, checked, released, and sent to the sandbox.

Each is made once, however often this runs. What the background would do is done at once, so that there is something to see
also where no worker runs; a worker that runs may be quicker, and the rest is left to it.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.db.models.functions import Now
from django.utils import timezone

from messaging.campaigns import audience, drafts, release, turns
from messaging.campaigns.audience import Audience
from messaging.campaigns.drafts import Draft
from messaging.models import Batch, Campaign
from portal.operations import engine, settling
from portal.operations.models import Operation, Status
from portal.tenancy.models import Tenant
from portal.tenancy.scope import tenant_scope
from portal.vendors.models import Connection

STEPS = UUID("5d3c8e42-5b0f-4a3e-9a61-7c58e3d0a5b4")
SENDER = "Acme"
# Enough turns for the few batches of a demo.
TURNS = 8
LOOKS = 6
CHECKS = 80


def written(connection: Connection, name: str, text: str, people: Audience, who: Any, **more: Any) -> Campaign:
    """Saved, and checked."""
    tenant = connection.tenant
    with tenant_scope(tenant.pk):
        draft = Draft(connection.pk, name, text, SENDER, people, **more)
        campaign = drafts.save_draft(tenant, draft, form_key=uuid5(STEPS, f"{tenant.pk} {name}"), acting_user=who)
    return _checked(campaign)


def _checked(campaign: Campaign) -> Campaign:
    """Here, or by a worker that was quicker."""
    for _turn in range(CHECKS):
        turns.take_turn(campaign.tenant_id, campaign.pk)
        campaign = _fresh(campaign)
        if campaign.state != Campaign.State.CHECKING:
            break
        time.sleep(0.25)
    return campaign


def released(campaign: Campaign, who: Any) -> Campaign:
    """Nothing where it was not checked yet, or was released before."""
    if campaign.state != Campaign.State.READY:
        return campaign
    with tenant_scope(campaign.tenant_id):
        return release.release(campaign, planned_at=campaign.planned_at, acting_user=who)


def sent(campaign: Campaign) -> Campaign:
    """As far as the vendor lets it be sent now."""
    for _turn in range(TURNS):
        turns.take_turn(campaign.tenant_id, campaign.pk)
        for operation in _operations(campaign, Status.WAITING):
            engine.run_lane(operation.tenant_id, operation.connection_id, operation.lane)
        campaign = _fresh(campaign)
        if campaign.state != Campaign.State.SENDING:
            break
    return campaign


def looked_up_in_vain(campaign: Campaign) -> None:
    """Let the time pass in which a report would have proven that a batch left: a person is asked."""
    for _look in range(LOOKS):
        for operation in _operations(campaign, Status.UNKNOWN):
            with tenant_scope(campaign.tenant_id):
                Operation.objects.filter(pk=operation.pk, status=Status.UNKNOWN).update(due_at=Now())
            settling.settle(operation.tenant_id, operation.pk)


def _operations(campaign: Campaign, status: Status) -> list[Operation]:
    with tenant_scope(campaign.tenant_id):
        batches = Batch.objects.filter(campaign=campaign, operation__status=status)
        return list(Operation.objects.filter(pk__in=batches.values("operation")).order_by("pk"))


def _fresh(campaign: Campaign) -> Campaign:
    with tenant_scope(campaign.tenant_id):
        return Campaign.objects.get(pk=campaign.pk)


def at_ten(now: datetime, tenant: Tenant) -> datetime:
    """In the morning of the day after tomorrow."""
    local = now.astimezone(tenant.zone) + timedelta(days=2)
    return local.replace(hour=10, minute=0, second=0, microsecond=0)


def load(connection: Connection, slow: Connection, group: int, numbers: Sequence[str], bob: Any) -> Campaign:
    """One for later, one that waits for the vendor's quota, one that is to be released by who reads; returns the survey's.

    Outside any scope, as a worker would. `slow` is the connection whose quota is small.
    """
    tenant = connection.tenant
    with tenant_scope(tenant.pk):
        customers = audience.of_contacts([group], [], everybody=False)
    starts = at_ten(timezone.now(), tenant)
    text = "Winter sale at www.example.com, until Sunday. Reply STOP to hear no more."
    released(written(connection, "Winter sale", text, customers, bob, starts_at=starts), bob)
    many = audience.of_numbers("\n".join(f"+316{20_000_000 + place}" for place in range(1_000)))
    released(written(slow, "Newsletter", "Our newsletter: www.example.com/news.", many, bob), bob)
    parcels = audience.of_file(PARCELS.encode(), "parcels.csv")
    written(connection, "Parcels", "Hello {{ name }}, your parcel comes {{ day }}.", parcels, bob)
    asked = audience.of_numbers("\n".join(numbers))
    text = "How did we do? Tell us at www.example.com/survey."
    return released(written(connection, "Satisfaction survey", text, asked, bob), bob)


# With what a list from life has: one twice, a pager, a landline, somebody without a day.
PARCELS = """name,mobile,day
Anna,06 12345001,today
Daan,+31 6 12345002,today
Emma,0031612345003,tomorrow
Anna,0612345001,today
Finn,067 1234567,today
Julia,020 1234567,tomorrow
Levi,06-12345006,
Lotte,0612345007,tomorrow
"""
