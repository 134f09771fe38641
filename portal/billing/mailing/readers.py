"""Staff who want a mail when a month's end is over: with what it came to and a link, never with the statements."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from portal.audit.trail import record
from portal.billing.mailing import post
from portal.billing.mailing.letters import run_letter
from portal.billing.mailing.models import MAY_READ_RUNS, RunMail, RunReader
from portal.billing.mailing.post import State
from portal.tenancy.refusals import StaffOnly
from portal.tenancy.scope import staff_scope

MOST_AT_ONCE = 50


@transaction.atomic
def read_runs(user: Any, *, wanted: bool, acting_user: Any) -> None:
    """Put somebody of the staff among the readers, or take them out; in staff scope. Raises StaffOnly."""
    if not acting_user.is_staff or not user.is_staff:
        raise StaffOnly
    if wanted:
        _reader, changed = RunReader.objects.get_or_create(user=user)
    else:
        changed = bool(RunReader.objects.filter(user=user).delete()[0])
    if changed:
        record("staff.run_mail_chosen", user, after={"person": user.email, "wanted": wanted}, acting_user=acting_user)


def reads_runs(user: Any) -> bool:
    return RunReader.objects.filter(user=user).exists()


def promise_to_readers(run: Any, counts: Mapping[str, int]) -> None:
    """In the transaction that ends the run, in staff scope. Nothing where no company had a part in it."""
    readers = RunReader.objects.filter(user__is_active=True, user__is_staff=True)
    now = timezone.now()
    if counts:
        RunMail.objects.bulk_create(
            [RunMail(run=run, user_id=reader.user_id, counts=dict(counts), due_at=now) for reader in readers]
        )


def due_mails() -> list[int]:
    """Nothing while the mail server rests."""
    if post.server_rests():
        return []
    with staff_scope():
        free = Q(lease_until=None) | Q(lease_until__lt=Now())
        waiting = RunMail.objects.filter(free, due_at__lte=Now()).order_by("due_at")
        return list(waiting.values_list("pk", flat=True)[:MOST_AT_ONCE])


def send(pk: int) -> None:
    """Send one mail, unless it was sent, is being sent, or its reader may not read it any more."""
    with staff_scope():
        mail = post.claim(RunMail.objects.select_related("run", "user"), pk)
        if mail is None or mail.state == State.UNKNOWN:
            return
        if not _may_read(mail):
            post.end(mail, State.DROPPED)
            return
        message = run_letter(mail)
    outcome, why = post.hand_over(message, lambda: _mark(mail))
    with staff_scope():
        post.settle(mail, outcome, why)


def _may_read(mail: RunMail) -> bool:
    user = mail.user
    return user.is_active and user.is_staff and user.has_perm(MAY_READ_RUNS) and reads_runs(user)


def _mark(mail: RunMail) -> bool:
    with staff_scope():
        return post.mark_sending(mail)
