"""The background's side of a campaign: which step it is at, and what no bell announced."""

from datetime import timedelta

from messaging.campaigns.planning import plan_step
from messaging.campaigns.pump import cancel_step, pump_step
from messaging.campaigns.waking import TASK
from messaging.models import Campaign
from portal import turns

State = Campaign.State
STEPS = {
    State.CHECKING: plan_step,
    State.SCHEDULED: pump_step,
    State.SENDING: pump_step,
    State.PAUSED: pump_step,
    State.STOPPED: pump_step,
    State.CANCELLED: cancel_step,
}


def take_turn(tenant_id: int, pk: int) -> None:
    """Go on with a campaign for about a second, then ring for the next turn."""
    wait = turns.take_turn(Campaign, tenant_id, pk, step)
    if wait is not None:
        turns.ring(TASK, tenant_id, pk, wait)


def step(campaign: Campaign) -> timedelta | None:
    """The next step of a campaign, in one transaction with how far it came; None where it waits for a person or has ended."""
    take = STEPS.get(State(campaign.state))
    return take(campaign) if take else None


def sweep() -> None:
    """Ring for every campaign that no bell announced."""
    for tenant_id, pk in turns.due(Campaign):
        turns.ring(TASK, tenant_id, pk)
