"""Support staff on a tenant's pages: with the eyes and the role of one of its members, for a reason and for a time.

The session that starts a visit holds its key, and the door (`portal.tenancy.door`) lets no other session in by it. What is
done and seen meanwhile is in the tenant's own trail, in both people's names.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from portal.audit.trail import record
from portal.support.models import Visit
from portal.tenancy.authority import require_staff
from portal.tenancy.mfa import second_factor_of
from portal.tenancy.models import Membership, Tenant
from portal.tenancy.refusals import NoLongerMember, ReasonMissing
from portal.tenancy.scope import staff_scope, tenant_scope

SESSION_KEY = "visit"
LENGTHS = (15, 30, 60)
# A page that is polled or reloaded is written down once in this time, in seconds.
SAME_PAGE = 60
LOOKING = {"GET", "HEAD", "OPTIONS"}
MOST_AT_ONCE = 100


def start_visit(
    tenant: Tenant, *, member: Membership, reason: str, minutes: int, may_change: bool = False, acting_user: Any
) -> Visit:
    """Open the tenant's pages to a person of support, as `member` sees them. Raises StaffOnly, ReasonMissing, NoLongerMember.

    The caller puts it into the session of who asked (`hold`).
    """
    require_staff(acting_user)
    if not reason.strip():
        raise ReasonMissing
    with staff_scope():
        if not Membership.objects.filter(pk=member.pk, tenant=tenant).exists():
            raise NoLongerMember
        now = timezone.now()
        visit = Visit.objects.create(
            tenant=tenant,
            staff=acting_user,
            as_user=member.user,
            reason=reason.strip(),
            may_change=may_change,
            key=uuid4(),
            started_at=now,
            ends_at=now + timedelta(minutes=minutes),
        )
        record(
            "support.visit_started",
            visit,
            after={"role": str(member.role), "minutes": minutes, "may_change": may_change},
            reason=visit.reason,
            on_behalf_of=member.user,
            acting_user=acting_user,
        )
    return visit


def end_visit(visit: Visit, *, acting_user: Any) -> None:
    """Close the door behind it now; one that is over stays as it is. Whoever made it may, and support staff."""
    if acting_user.pk != visit.staff_id:
        require_staff(acting_user)
    with staff_scope():
        _end(visit, acting_user)


def end_overdue_visits() -> int:
    """Write down the end of visits whose time is over; their doors are closed already. Returns how many."""
    with staff_scope():
        overdue = Visit.objects.overdue().select_related("as_user").order_by("pk")[:MOST_AT_ONCE]
        return sum(_end(visit, None) for visit in overdue)


def _end(visit: Visit, acting_user: Any) -> bool:
    now = min(timezone.now(), visit.ends_at)
    if not Visit.objects.filter(pk=visit.pk, ended_at=None).update(ended_at=now):
        return False
    how = "asked" if acting_user else "time"
    record("support.visit_ended", visit, after={"by": how}, on_behalf_of=visit.as_user, acting_user=acting_user)
    return True


# --- The session ----------------------------------------------------------------------------------------------------


def hold(request: HttpRequest, visit: Visit) -> None:
    """Bind the visit to this session; the one it held before ends."""
    leave(request)
    request.session[SESSION_KEY] = {
        "key": str(visit.key),
        "slug": visit.tenant.slug,
        "company": visit.tenant.name,
        "until": visit.ends_at.timestamp(),
    }


def held(request: HttpRequest) -> Visit | None:
    """The visit that this session holds and that is not over. Only outside of a tenant."""
    holding = request.session.get(SESSION_KEY)
    if holding is None or not request.user.is_staff:
        return None
    running = Visit.objects.running().filter(key=holding["key"], staff=request.user)
    shown = running.annotate(has_second_factor=second_factor_of("staff"))
    visit = shown.select_related("as_user").first()
    if visit is not None:
        visit.staff = request.user
    return visit


def held_for(request: HttpRequest, slug: str) -> Visit | None:
    """`held`, if it leads to the tenant at this address."""
    holding = request.session.get(SESSION_KEY)
    return held(request) if holding is not None and holding["slug"] == slug else None


def leave(request: HttpRequest) -> None:
    """End what the session holds, if anything."""
    visit = held(request)
    if visit is not None:
        end_visit(visit, acting_user=request.user)
    request.session.pop(SESSION_KEY, None)


# --- The trail ------------------------------------------------------------------------------------------------------


def record_page(request: HttpRequest, visit: Visit, status: int) -> None:
    """Write down what was opened or sent, in the tenant's scope; the same look once a minute.

    By path alone: what was searched for, and other parameters, may be secrets of the tenant's.
    """
    looked = request.method in LOOKING
    seen = f"visit:{visit.pk}:{status}:{hashlib.sha256(request.path.encode()).hexdigest()}"
    if looked and cache.get(seen):
        return
    record(
        "support.page_viewed" if looked else "support.form_sent",
        visit,
        after={"path": request.path[:1000], "status": status},
        on_behalf_of=visit.as_user,
        acting_user=request.user,
    )
    if looked:
        cache.set(seen, True, SAME_PAGE)


class VisitTrail:
    """Middleware, outside of the page's own transaction: what the door has not put on record is there too.

    Those are the pages that were refused or failed, whose transaction left nothing behind.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        _forget_when_over(request)
        response = self.get_response(request)
        visit = getattr(request, "visit", None)
        if visit is not None and response.status_code >= 400:
            with tenant_scope(visit.tenant_id):
                record_page(request, visit, response.status_code)
        return response


def _forget_when_over(request: HttpRequest) -> None:
    holding = request.session.get(SESSION_KEY)
    if holding is not None and holding["until"] <= timezone.now().timestamp():
        del request.session[SESSION_KEY]
