"""When a campaign stops by itself: what went wrong says that the rest would, too."""

from django.db.models import F, Sum
from django.utils.translation import gettext_noop as _

from messaging.models import Batch, Campaign
from messaging.rules import rules_of
from portal.sentences import Sentence

UNKNOWN_BATCHES = 2
# So many ends must be told before a share of them says anything.
ENOUGH_ENDS = 50
FAILURES = F("failed") + F("rejected") + F("expired") + F("refused")


def tally(campaign: Campaign) -> dict[str, int]:
    """Of its batches: how many are unknown, and of its recipients how many ends were told and how many of them are failures."""
    told = campaign.batches.aggregate(failures=Sum(FAILURES), delivered=Sum("delivered"))
    failures = told["failures"] or 0
    unknown = campaign.batches.filter(state=Batch.State.UNKNOWN).count()
    return {"unknown": unknown, "failures": failures, "ends": failures + (told["delivered"] or 0)}


def passed_over(campaign: Campaign) -> dict[str, int]:
    """What a person knew of, and let it go on in spite of: it does not stop the campaign again."""
    return campaign.stopped_because.get("passed_over", {})


def reason_to_stop(campaign: Campaign) -> Sentence:
    """An empty one where there is none."""
    before, now = passed_over(campaign), tally(campaign)
    unknown, failures, ends = (now[name] - before.get(name, 0) for name in ("unknown", "failures", "ends"))
    if unknown >= UNKNOWN_BATCHES:
        return Sentence(
            _("The vendor's answers to %(number)s batches were lost: nobody knows whether they left."),
            {"number": unknown},
        )
    most = rules_of(campaign.tenant_id).stop_above_percent
    if ends >= ENOUGH_ENDS and failures * 100 > ends * most:
        return Sentence(
            _("Of %(ends)s messages whose end is known, %(failures)s failed: more than %(most)s%%."),
            {"ends": ends, "failures": failures, "most": most},
        )
    if (
        not before
        and campaign.batches.filter(canary=True, state__in=[Batch.State.UNKNOWN, Batch.State.REFUSED]).exists()
    ):
        return Sentence(_("The first batch, sent alone, did not get through."))
    return Sentence("")
