"""What a person can ask of a campaign before its release: write it, check it again, replace characters, discard it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from messaging.campaigns.audience import Audience
from messaging.campaigns.planning import forget_plan
from messaging.campaigns.waking import TASK
from messaging.models import AudienceFile, Campaign
from messaging.texts.parts import replaced
from messaging.texts.placeholders import outside
from portal.audit.trail import record
from portal.operations.promises import wait_for_twin
from portal.operations.refusals import NotPromised
from portal.tenancy.models import Tenant
from portal.turns import ring_after_commit

State = Campaign.State
# Kept in the trail, which outlives texts and numbers: neither is among them.
ON_RECORD = ("name", "sender", "expires_in", "starts_at", "ignores_quiet_hours")


@dataclass(frozen=True)
class Draft:
    """What a campaign is to be. `audience` None: as it is; `starts_at` None: as soon as it is released."""

    connection_id: int
    name: str
    text: str
    sender: str
    audience: Audience | None
    expires_in: int | None = None
    starts_at: datetime | None = None
    ignores_quiet_hours: bool = False


@transaction.atomic
def save_draft(
    tenant: Tenant, draft: Draft, *, campaign: Campaign | None = None, form_key: UUID, acting_user: Any
) -> Campaign:
    """Keep a new campaign, or change `campaign`, and have it checked. The same form again is the same save; changed, as
    after the browser's back button, it changes the campaign that it made.

    Raises NotPromised.
    """
    wait_for_twin(tenant.pk, form_key)
    if twin := Campaign.objects.filter(tenant=tenant, form_key=form_key).first():
        if _says(twin, draft):
            return twin
        campaign = twin
    kept = _editable(campaign) if campaign else Campaign(tenant=tenant, created_by=acting_user)
    before = _on_record(kept) if campaign else None
    for name in ("connection_id", "text", *ON_RECORD):
        setattr(kept, name, getattr(draft, name))
    kept.form_key = form_key
    if draft.audience:
        kept.audience = draft.audience.told
    _have_checked(kept)
    if draft.audience:
        _keep_list(kept, draft.audience)
    action = "messaging.campaign_changed" if campaign else "messaging.campaign_written"
    record(action, kept, before=before, after=_on_record(kept), acting_user=acting_user)
    return kept


def _says(campaign: Campaign, draft: Draft) -> bool:
    """Has it everything that `draft` says?"""
    if any(getattr(campaign, name) != getattr(draft, name) for name in ("connection_id", "text", *ON_RECORD)):
        return False
    return draft.audience is None or _has_list(campaign, draft.audience)


def _has_list(campaign: Campaign, audience: Audience) -> bool:
    if any(campaign.audience.get(name) != value for name, value in audience.told.items()):
        return False
    kept = AudienceFile.objects.filter(campaign=campaign).values_list("content", flat=True).first()
    return audience.content is None or (kept is not None and bytes(kept) == audience.content)


@transaction.atomic
def plan_again(campaign: Campaign, *, acting_user: Any) -> None:
    """Have it checked again, as numbers, rules and prices are now. Raises NotPromised."""
    locked = _editable(campaign)
    if locked.state == State.CHECKING:
        return
    _have_checked(locked)
    record("messaging.campaign_checked_again", locked, acting_user=acting_user)


@transaction.atomic
def replace_characters(campaign: Campaign, *, acting_user: Any) -> None:
    """Have characters outside the GSM alphabet replaced, in the text and in what fills it. Raises NotPromised."""
    locked = _editable(campaign)
    if locked.audience.get("plain"):
        return
    locked.text, locked.audience = outside(locked.text, replaced), {**locked.audience, "plain": True}
    _have_checked(locked)
    record("messaging.campaign_characters_replaced", locked, acting_user=acting_user)


@transaction.atomic
def discard_draft(campaign: Campaign, *, acting_user: Any) -> None:
    """Let go of what was never released, its list too. Raises NotPromised."""
    locked = _editable(campaign)
    record("messaging.campaign_discarded", locked, before=_on_record(locked), acting_user=acting_user)
    forget_plan(locked)
    AudienceFile.objects.filter(campaign=locked).delete()
    Campaign.objects.filter(pk=locked.pk)._raw_delete("default")


def _editable(campaign: Campaign) -> Campaign:
    locked = Campaign.objects.select_for_update(of=("self",)).filter(pk=campaign.pk).first()
    if locked is None:
        raise NotPromised(_("It has been discarded already."))
    if not locked.editable:
        raise NotPromised(_("It has been released already, so it can no longer be changed."))
    return locked


def _have_checked(campaign: Campaign) -> None:
    """In the background; a draft stays one while nobody said which column holds the numbers."""
    told = campaign.audience
    ready = told.get("source") != "file" or told.get("column") is not None
    campaign.state, campaign.planned_at = (State.CHECKING if ready else State.DRAFT), None
    campaign.due_at = timezone.now() if ready else None
    campaign.save()
    if ready:
        ring_after_commit(TASK, campaign.tenant_id, campaign.pk)


def _keep_list(campaign: Campaign, audience: Audience) -> None:
    """An audience without content of its own leaves none behind, except a file whose column alone was told."""
    if audience.content is not None:
        values = {"tenant_id": campaign.tenant_id, "name": audience.name, "content": audience.content}
        AudienceFile.objects.update_or_create(campaign=campaign, defaults=values)
    elif audience.told["source"] != "file":
        AudienceFile.objects.filter(campaign=campaign).delete()


def _on_record(campaign: Campaign) -> Mapping[str, Any]:
    told = campaign.audience
    start = campaign.starts_at.isoformat() if campaign.starts_at else None
    fields = {name: getattr(campaign, name) for name in ON_RECORD}
    return {**fields, "starts_at": start, "recipients from": told.get("source", ""), "lines": told.get("lines", 0)}
