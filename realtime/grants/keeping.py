"""Keeping grants alive: each is refreshed about the middle of its token's life, and people hear of an end in time."""

from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from portal.tenancy.models import Membership
from portal.tenancy.scope import staff_scope, tenant_scope
from portal.vendors.errors import VendorError
from portal.vendors.line import Line
from realtime.grants import notices
from realtime.grants.ending import end_grant
from realtime.grants.models import Grant
from realtime.grants.tokens import GrantTokens

AT_ONCE = 500
# A refresh token that ends within so many days could not be renewed for months.
DAYS_BEFORE = (14, 3)


def due_grants() -> list[tuple[int, int]]:
    """(tenant, grant) of all tenants that should be refreshed now and that nobody refreshes."""
    free = Q(renewing_until=None) | Q(renewing_until__lte=Now())
    with staff_scope():
        rows = Grant.objects.filter(
            free,
            state=Grant.State.ACTIVE,
            refresh_due_at__lte=Now(),
            refresh_sent_at=None,
            connection__enabled=True,
            tenant__state="active",
        )
        return list(rows.order_by("refresh_due_at").values_list("tenant_id", "pk")[:AT_ONCE])


def refresh(tenant_id: int, grant_id: int) -> None:
    """Refresh one grant if it is due, unless its company is suspended. The connection's log and state tell what goes wrong."""
    with tenant_scope(tenant_id):
        rows = Grant.objects.select_related("connection").filter(pk=grant_id, tenant__state="active")
        grant = rows.first()
        if grant is None or _left(grant):
            return
    made: list[GrantTokens] = []

    def tokens(*parts: object) -> GrantTokens:
        made.append(GrantTokens(*parts, grant_id=grant_id))  # type: ignore[arg-type]
        return made[0]

    line, error = Line(grant.connection, tokens=tokens), None
    try:
        made[0].refresh_due()
    except VendorError as failure:
        error = failure
    with tenant_scope(tenant_id):
        if line.calls:
            # One person's permission says nothing about the company's connection.
            line.close(VendorError(str(error)) if error and grant.personal else error)


def _left(grant: Grant) -> bool:
    """Whoever left the company leaves no permission behind."""
    if not grant.personal or Membership.objects.filter(tenant=grant.tenant_id, user=grant.user_id).exists():
        return False
    end_grant(grant, acting_user=None)
    return True


def foresee_ends() -> None:
    """Tell of refresh tokens that end soon, of all tenants; each grant 14 days and 3 days before."""
    soon = timezone.now() + timedelta(days=max(DAYS_BEFORE))
    with staff_scope():
        rows = Grant.objects.filter(state=Grant.State.ACTIVE, refresh_expires_at__lte=soon, tenant__state="active")
        found = list(rows.values_list("tenant_id", "pk"))
    for tenant_id, grant_id in found:
        with tenant_scope(tenant_id):
            grant = Grant.objects.select_related("connection").filter(pk=grant_id, state=Grant.State.ACTIVE).first()
            if grant is not None and grant.refresh_expires_at is not None:
                left = grant.refresh_expires_at - timezone.now()
                notices.grant_ending(grant, min(days for days in DAYS_BEFORE if left <= timedelta(days=days)))
