"""The do-not-send list: numbers come to it by hand, by file, by a reply or a report, and leave it by a person with a reason."""

from collections.abc import Collection, Iterable
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from messaging.people.models import OptOut
from portal.audit.trail import record, record_many
from portal.operations.refusals import NotPromised

# On conflict: it stands on the list already, and stays as it came there.
INSERT = """
insert into messaging_optout (tenant_id, number, source, note, created_at, created_by_id, lifted_because)
select %s, number, %s, %s, %s, %s, '' from unnest(%s::text[]) number order by number
on conflict (tenant_id, number) where lifted_at is null do nothing returning id, number
"""
# One array: as many parameters as numbers would take longer to read than to look up.
STANDING = "select number from messaging_optout where lifted_at is null and number = any(%s::text[])"


@transaction.atomic
def opt_out(
    tenant_id: int, numbers: Iterable[str], source: OptOut.Source, note: str = "", *, acting_user: Any
) -> list[OptOut]:
    """Send nothing to these numbers (E.164) any more. Returns those that were not on the list yet; each is on record.

    `acting_user` is None where no person entered it. Two statements, however many numbers.
    """
    now, note = timezone.now(), note[:200]
    told = [tenant_id, source, note, now, acting_user.pk if acting_user else None, sorted(set(numbers))]
    with database.cursor() as cursor:
        cursor.execute(INSERT, told)
        rows = cursor.fetchall()
    fields = {"tenant_id": tenant_id, "source": source, "note": note, "created_at": now, "created_by": acting_user}
    new = [OptOut(pk=pk, number=number, **fields) for pk, number in rows]
    after = {"source": str(source), "note": note}
    record_many("messaging.opted_out", [(each, after) for each in new], acting_user=acting_user)
    return new


@transaction.atomic
def lift(opt_out: OptOut, reason: str, *, acting_user: Any) -> None:
    """The number may be sent to again. Raises NotPromised without a reason, or where somebody was quicker."""
    if not reason.strip():
        raise NotPromised(_("Give a reason. Nothing was changed."))
    lifted = {"lifted_at": timezone.now(), "lifted_by": acting_user, "lifted_because": reason.strip()[:300]}
    if not OptOut.objects.standing().filter(pk=opt_out.pk).update(**lifted):
        raise NotPromised(_("Somebody has taken it off the list already. Nothing was changed."))
    record("messaging.opt_out_lifted", opt_out, reason=reason.strip(), acting_user=acting_user)


def opted_out(numbers: Collection[str]) -> set[str]:
    """Which of these numbers (E.164) stand on the list of the tenant in scope. One query, for thousands of them, too."""
    if not numbers:
        return set()
    with database.cursor() as cursor:
        cursor.execute(STANDING, [list(numbers)])
        return {number for (number,) in cursor.fetchall()}
