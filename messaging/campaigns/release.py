"""What a person can do with a campaign that is ready: release it, confirm it, hold it, let it go on, cancel it."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from messaging.campaigns import guards, stopping
from messaging.campaigns.waking import TASK
from messaging.models import Campaign
from messaging.rules import rules_of
from portal import turns
from portal.audit.trail import record
from portal.operations.refusals import NotPromised

State = Campaign.State
HOLDABLE = [State.SCHEDULED, State.SENDING]
HELD = [State.PAUSED, State.STOPPED]


class AlreadyReleased(NotPromised):
    """The same click came twice, or somebody else was quicker: it is released, once."""


@transaction.atomic
def release(campaign: Campaign, *, planned_at: datetime | None, acting_user: Any) -> Campaign:
    """Let it be sent as it was planned, at its time; where the company wants a second person, once that one confirms.

    `planned_at` is of the plan that the person looked at. From here on nobody edits it. Raises NotPromised.
    """
    campaign = _locked(campaign)
    if campaign.released_at is not None:
        raise AlreadyReleased(_("This campaign was released already. It is sent once."))
    _check_state(campaign, [State.READY], _("Only a campaign that was checked can be released. Nothing was released."))
    if planned_at is None or planned_at != campaign.planned_at:
        raise NotPromised(_("The campaign was changed since you looked at it. Nothing was released: look at it again."))
    if not campaign.recipients:
        raise NotPromised(_("Nobody is left to send to. Nothing was released."))
    guards.check_sender(campaign)
    guards.check_validity(campaign)
    guards.set_aside(campaign, timezone.now())
    waits = guards.needs_second_person(campaign)
    campaign.released_at, campaign.released_by = timezone.now(), acting_user
    campaign.save(update_fields=["reserved_on", "released_at", "released_by"])
    record("messaging.campaign_released", campaign, after=_told(campaign), acting_user=acting_user)
    if waits:
        return _turn_to(campaign, State.AWAITING)
    return _go(campaign)


@transaction.atomic
def confirm(campaign: Campaign, *, acting_user: Any) -> Campaign:
    """The second person agrees. Raises NotPromised, also for the first person."""
    campaign = _locked(campaign)
    _check_state(campaign, [State.AWAITING], _("This campaign does not wait for a second person any more."))
    if campaign.released_by_id == acting_user.pk:
        raise NotPromised(_("You released this campaign yourself. Somebody else has to confirm it."))
    _hold_against_the_day_it_starts(campaign)
    campaign.confirmed_at, campaign.confirmed_by = timezone.now(), acting_user
    campaign.save(update_fields=["confirmed_at", "confirmed_by"])
    record("messaging.campaign_confirmed", campaign, after=_told(campaign), acting_user=acting_user)
    return _go(campaign)


def _hold_against_the_day_it_starts(campaign: Campaign) -> None:
    """It was set aside for the day of its release; confirmed on another one, it is that one's."""
    now = timezone.now()
    if campaign.reserved_on == guards.day_of(campaign, rules_of(campaign.tenant_id), now):
        return
    guards.give_back(campaign, campaign.recipients, campaign.eur or guards.NOTHING)
    guards.set_aside(campaign, now)
    campaign.save(update_fields=["reserved_on"])


@transaction.atomic
def pause(campaign: Campaign, *, acting_user: Any) -> Campaign:
    """Nothing more leaves until somebody resumes it. What is with the vendor stays there. Raises NotPromised."""
    campaign = _locked(campaign)
    _check_state(campaign, HOLDABLE, _("Only a campaign that is on its way can be paused."))
    record("messaging.campaign_paused", campaign, acting_user=acting_user)
    return _turn_to(campaign, State.PAUSED, wake=True)


@transaction.atomic
def resume(campaign: Campaign, *, reason: str = "", acting_user: Any) -> Campaign:
    """Go on. One that stopped by itself needs a reason, and does not stop again for what was known. Raises NotPromised."""
    campaign = _locked(campaign)
    _check_state(campaign, HELD, _("Only a campaign that is paused or has stopped can go on."))
    if campaign.state == State.STOPPED:
        if not reason.strip():
            raise NotPromised(_("Give a reason: the campaign stopped by itself. Nothing was sent."))
        campaign.stopped_because = {"passed_over": stopping.tally(campaign)}
        campaign.save(update_fields=["stopped_because"])
    record("messaging.campaign_resumed", campaign, reason=reason.strip(), acting_user=acting_user)
    return _go(campaign)


@transaction.atomic
def cancel(campaign: Campaign, *, acting_user: Any) -> Campaign:
    """What has not left never will, and what was set aside for it is given back. Raises NotPromised once it is over."""
    campaign = _locked(campaign)
    if campaign.state in Campaign.ENDED:
        raise NotPromised(_("This campaign is over; there is nothing left to cancel."))
    record("messaging.campaign_cancelled", campaign, before={"state": campaign.state}, acting_user=acting_user)
    return _turn_to(campaign, State.CANCELLED, wake=True)


def _locked(campaign: Campaign) -> Campaign:
    rows = Campaign.objects.select_for_update(of=("self",)).select_related("connection__tenant", "released_by")
    return rows.get(pk=campaign.pk)


def _check_state(campaign: Campaign, wanted: list[Campaign.State], otherwise: str) -> None:
    if campaign.state not in wanted:
        raise NotPromised(otherwise)
    if campaign.connection.tenant.suspended:
        raise NotPromised(_("This company is suspended: nothing can be sent."))


def _go(campaign: Campaign) -> Campaign:
    """Back to where it was: before its beginning it is scheduled."""
    return _turn_to(campaign, State.SENDING if campaign.began_at else State.SCHEDULED, wake=True)


def _turn_to(campaign: Campaign, state: Campaign.State, *, wake: bool = False) -> Campaign:
    campaign.state = state
    Campaign.objects.filter(pk=campaign.pk).update(state=state, **({"due_at": Now()} if wake else {}))
    if wake:
        turns.ring_after_commit(TASK, campaign.tenant_id, campaign.pk)
    return campaign


def _told(campaign: Campaign) -> dict[str, Any]:
    starts = campaign.starts_at.isoformat() if campaign.starts_at else None
    return {"recipients": campaign.recipients, "parts": campaign.parts, "sender": campaign.sender, "starts_at": starts}
