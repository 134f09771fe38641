"""What did not come: reports of messages whose time is over, and any report at all over a connection that should have some."""

from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from messaging.models import VALIDITY, Batch, SmsAccount
from messaging.reports import notices, proof
from portal.tenancy.scope import staff_scope, tenant_scope

WITHOUT_END = F("handed_over") + F("accepted")


def watch() -> None:
    """Tell what is silent and what is missing; over all tenants."""
    for tenant_id, account_id in _accounts():
        with tenant_scope(tenant_id):
            account = SmsAccount.objects.select_for_update(of=("self",)).select_related("connection").get(pk=account_id)
            _watch_silence(account)
            _watch_missing(account)
    proof.look_at_forgotten()


def overdue(connection_id: int | None = None) -> QuerySet[Batch]:
    """Batches past their time with messages without an end, of one connection or of all in scope."""
    late = Batch.objects.filter(Q(handed_over__gt=0) | Q(accepted__gt=0), reports_due_at__lte=Now())
    return late.filter(campaign__connection=connection_id) if connection_id else late


def _accounts() -> list[tuple[int, int]]:
    """(tenant, account) of those that expect reports."""
    with staff_scope():
        expecting = SmsAccount.objects.filter(wants_reports=True, tenant__state="active")
        return list(expecting.order_by("pk").values_list("tenant_id", "pk"))


def _watch_silence(account: SmsAccount) -> None:
    """Something was taken by the vendor a while ago, and since then nothing was told of anything."""
    if account.silent_since is not None or not _owed(account).exists():
        return
    SmsAccount.objects.filter(pk=account.pk).update(silent_since=Now())
    notices.silent(account)


def _owed(account: SmsAccount) -> QuerySet[Batch]:
    patience = timezone.now() - timedelta(seconds=settings.SMS_SILENCE_SECONDS)
    taken = Batch.objects.filter(
        campaign__connection=account.connection_id,
        handed_over__gt=0,
        taken_at__lte=patience,
        taken_at__gt=timezone.now() - VALIDITY,
    )
    return taken if account.last_report_at is None else taken.filter(taken_at__gt=account.last_report_at)


def _watch_missing(account: SmsAccount) -> None:
    missing = overdue(account.connection_id).aggregate(messages=Coalesce(Sum(WITHOUT_END), 0))["messages"]
    if missing:
        notices.missing(account.connection, missing)
    else:
        notices.none_missing(account.tenant_id, account.connection_id)
