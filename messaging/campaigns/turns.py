"""The background's side of campaigns: which step one is at."""

from datetime import timedelta

from messaging.campaigns.planning import plan_step
from messaging.models import Campaign
from portal import turns

TASK = "messaging.tasks.take_turn"


def take_turn(tenant_id: int, campaign_id: int) -> None:
    """Go on with a campaign for about a second, then ring for the next turn."""
    wait = turns.take_turn(Campaign, tenant_id, campaign_id, step)
    if wait is not None:
        turns.ring(TASK, tenant_id, campaign_id, wait)


def step(campaign: Campaign) -> timedelta | None:
    if campaign.state == Campaign.State.CHECKING:
        return plan_step(campaign)
    return None
