"""What is left of a campaign that has begun: sent at once, because a person says so."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop as _

from messaging.campaigns import release
from messaging.campaigns.waking import wake_after_commit
from messaging.models import Batch, Campaign
from portal.audit.trail import record
from portal.operations.refusals import NotPromised

State = Campaign.State
# While it is being sent, quiet hours may hold it.
BEGUN = [State.SENDING, *release.HELD]


@transaction.atomic
def send_rest_now(campaign: Campaign, *, reason: str, acting_user: Any) -> Campaign:
    """Send what has not left, also in quiet hours; nothing that may have left is sent again. Raises NotPromised."""
    rows = Campaign.objects.select_for_update(of=("self",)).select_related("connection__tenant")
    campaign = rows.get(pk=campaign.pk)
    _check(campaign, reason.strip())
    Campaign.objects.filter(pk=campaign.pk).update(ignores_quiet_hours=True)
    before = {"state": campaign.state, "ignores_quiet_hours": campaign.ignores_quiet_hours}
    record("messaging.campaign_rest_sent_now", campaign, before=before, reason=reason.strip(), acting_user=acting_user)
    if campaign.state in release.HELD:
        return release.resume(campaign, reason=reason, acting_user=acting_user)
    wake_after_commit(campaign.tenant_id, campaign.pk)
    return campaign


def _check(campaign: Campaign, reason: str) -> None:
    if campaign.connection.tenant.suspended:
        raise NotPromised(_("This company is suspended: nothing can be sent."))
    if campaign.state not in BEGUN or campaign.began_at is None:
        raise NotPromised(
            _("Only of a campaign that has begun and is not over the rest can be sent. Nothing was sent.")
        )
    if not campaign.batches.filter(state__in=[Batch.State.PLANNED, Batch.State.ASKED]).exists():
        raise NotPromised(_("Nothing of this campaign is left to be sent."))
    if not reason:
        raise NotPromised(_("Give a reason: it is sent in quiet hours, too. Nothing was sent."))
