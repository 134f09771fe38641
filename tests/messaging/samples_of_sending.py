"""One row of each kind that the messaging pages name, and the arguments of each of their addresses."""

from typing import Any

from django.utils import timezone

from messaging.models import Campaign, Report
from tests.messaging.rows import sent_campaign, some_connection

WITHOUT_ARGUMENTS = ["campaigns", "messages", "days", "days_csv"]
OF_A_CAMPAIGN = ["campaign", "campaign_now", "campaign_messages"]


def samples(tenant, owner) -> dict[str, dict[str, Any]]:
    """{"messaging:name": its arguments without the slug} for every address of the app."""
    campaign = some_sent_campaign(tenant, owner)
    found: dict[str, dict[str, Any]] = {name: {} for name in WITHOUT_ARGUMENTS}
    found |= {name: {"pk": campaign.pk} for name in OF_A_CAMPAIGN}
    found["batch"] = {"pk": campaign.batches.get().pk}
    found["message"] = {"pk": campaign.messages.order_by("pk").first().pk}
    return {f"messaging:{name}": arguments for name, arguments in found.items()}


def some_sent_campaign(tenant, owner) -> Campaign:
    """Its messages are in several states; of the first one there is a report."""
    connection = some_connection(tenant)
    states = {"delivered": 3, "failed": 2, "handed_over": 1}
    campaign = sent_campaign(connection, states, timezone.now(), created_by=owner, released_by=owner)
    message = campaign.messages.order_by("pk").first()
    Report.objects.create(
        tenant=tenant,
        connection=connection,
        sending_id=campaign.batches.get().sendings.get().pk,
        digest=bytes(32),
        body=b'{"StatusCode": "1", "Operator": "20408"}',
        key_id="key-1",
        handled_at=timezone.now(),
        outcome=Report.Outcome.APPLIED,
        message_id=message.pk,
        status="1",
        more={"Operator": "20408"},
    )
    return campaign
