"""The one door: every page of a tenant is opened by `@tenant_view(role)`."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from portal.tenancy.mfa import lead_to_second_factor, second_factor_of, shown_in_session
from portal.tenancy.models import Membership, Role, Tenant, User
from portal.tenancy.scope import enter_tenant

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class TenantRequest(HttpRequest):
    """A request that has passed the door."""

    membership: Membership
    tenant: Tenant


def tenant_view(role: Role) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Open a page at /t/<slug>/… for members whose role passes `role`.

    Strangers get 404, since existence is a secret; weak roles 403. A suspended tenant may look but not change.
    The view is called without the slug; `request.tenant` and `request.membership` are set.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, slug: str, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            membership = _membership(request, request.user, slug)
            enter_tenant(membership.tenant_id)
            request.membership, request.tenant = membership, membership.tenant  # type: ignore[attr-defined]
            if not membership.allows(role):
                raise PermissionDenied
            if membership.tenant.require_mfa and not _has_shown_second_factor(request, membership):
                return lead_to_second_factor(request)
            if membership.tenant.suspended and request.method not in SAFE_METHODS:
                return render(request, "tenancy/suspended.html", status=403)
            return view(request, **kwargs)

        guarded.tenant_role = role  # type: ignore[attr-defined]
        return guarded

    return decorate


def _membership(request: HttpRequest, user: User, slug: str) -> Membership:
    """All of the person's memberships in one query, since the page's head offers the others to switch to."""
    own = Membership.objects.filter(user=user).select_related("tenant").order_by("tenant__name", "tenant_id")
    own = own.annotate(has_second_factor=second_factor_of("user"))
    request.memberships = list(own)  # type: ignore[attr-defined]
    for membership in request.memberships:  # type: ignore[attr-defined]
        if membership.tenant.slug == slug:
            return membership
    raise Http404


def _has_shown_second_factor(request: HttpRequest, membership: Any) -> bool:
    """As `portal.tenancy.mfa` has it, without another query."""
    return membership.has_second_factor and shown_in_session(request)
