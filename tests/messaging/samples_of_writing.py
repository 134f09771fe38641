"""One row of each kind that the messaging pages name, and the arguments of each of their addresses."""

from typing import Any

from django.utils import timezone

from messaging.campaigns import audience
from messaging.campaigns.planning import plan_step
from messaging.models import AudienceFile, Campaign, Sender
from tests.fixtures.account import connected


def samples(tenant, owner) -> dict[str, dict[str, Any]]:
    ready = _ready(tenant)
    one = {"pk": ready.pk}
    return {
        "messaging:campaign_new": {},
        "messaging:compose_text": {},
        "messaging:campaign_edit": one,
        "messaging:preflight": one,
        "messaging:preflight_now": one,
        "messaging:preflight_lines": one,
        "messaging:preflight_lines_csv": one,
        "messaging:plan_again": one,
        "messaging:replace_characters": one,
        "messaging:campaign_discard": one,
    }


def _ready(tenant) -> Campaign:
    """Of two good numbers and a bad one, planned, with a character outside of SMS's own."""
    connection = connected(tenant, "kpn_sms", "SMS of the samples")
    Sender.objects.create(tenant=tenant, name="Sample", state=Sender.State.ALLOWED)
    given = audience.of_numbers("0612345678\n0687654321\n0201234567")
    campaign = Campaign.objects.create(
        tenant=tenant,
        connection=connection,
        name="Ready sample",
        text="Hello … you",
        sender="Sample",
        state=Campaign.State.CHECKING,
        audience=given.told,
        created_at=timezone.now(),
    )
    AudienceFile.objects.create(tenant=tenant, campaign=campaign, content=given.content)
    plan_step(campaign)
    return campaign
