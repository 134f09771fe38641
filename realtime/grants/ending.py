"""How a grant stops: ended by a person, or lost. Either way its tokens are forgotten."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from portal.audit.trail import record
from portal.sentences import Sentence
from realtime.grants import notices
from realtime.grants.models import Grant

# The renewer of a lost grant stays: an answer that was only late is still stored by it.
NO_TOKENS = {"access_token": "", "refresh_token": "", "renewing_until": None, "refresh_due_at": None}


def lose(rows: QuerySet[Grant], why: Sentence) -> bool:
    """No further attempts: somebody has to connect again, and is told so. True if `rows` (one grant or none) were some.

    In the caller's transaction and tenant scope.
    """
    grant = rows.select_related("connection", "user").first()
    lost = {"state": Grant.State.LOST, "why": why.as_json(), "lost_at": timezone.now(), "refresh_sent_at": None}
    if grant is None or not rows.update(**NO_TOKENS, **lost):
        return False
    record("realtime.grant_lost", grant, after={"why": str(why)}, acting_user=None)
    notices.grant_lost(grant)
    return True


@transaction.atomic
def end_grant(grant: Grant, *, acting_user: Any) -> None:
    """Forget the tokens; the vendor knows no call that ends a permission. Nothing when it is ended already."""
    ended = {"state": Grant.State.ENDED, "renewer": None, "refresh_sent_at": None}
    if Grant.objects.filter(pk=grant.pk).exclude(state=Grant.State.ENDED).update(**NO_TOKENS, **ended):
        record("realtime.grant_ended", grant, before={"scopes": " ".join(grant.scopes)}, acting_user=acting_user)
        notices.grant_well(grant)
