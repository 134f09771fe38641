"""The one door: every page of a tenant is opened by `@tenant_view(role)`."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from portal.audit.context import act_on_behalf_of
from portal.support.models import Visit
from portal.support.visits import held_for, record_page
from portal.tenancy.mfa import lead_to_second_factor, second_factor_of, shown_in_session
from portal.tenancy.models import Membership, Role, Tenant, User
from portal.tenancy.scope import enter_tenant

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class TenantRequest(HttpRequest):
    """A request that has passed the door. `visit` is None but for support staff who look with a member's eyes."""

    membership: Membership
    tenant: Tenant
    visit: Visit | None


def tenant_view(
    role: Role, *, reveals_secrets: bool = False
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Open a page at /t/<slug>/… for members whose role passes `role`.

    Strangers get 404, since existence is a secret; weak roles 403. A suspended tenant may look but not change.
    Support staff on a visit comes in with the role of the member that it sees as; it may look but not change, unless the
    visit says otherwise, and never opens a page that `reveals_secrets`.
    The view is called without the slug; `request.tenant`, `request.membership` and `request.visit` are set.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, slug: str, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return _lead_to_sign_in(request, slug)
            visit = held_for(request, slug)
            membership = _enter_on_visit(request, visit) if visit else _enter(request, request.user, slug)
            request.membership, request.tenant = membership, membership.tenant  # type: ignore[attr-defined]
            request.visit = visit  # type: ignore[attr-defined]
            if not membership.allows(role):
                raise PermissionDenied
            needs_second_factor = visit is not None or membership.tenant.require_mfa
            if needs_second_factor and not _has_shown_second_factor(request, membership):
                return lead_to_second_factor(request)
            if visit is not None and (refusal := _refusal(request, visit, reveals_secrets)):
                return render(request, "support/visit_refused.html", {"refusal": refusal}, status=403)
            if membership.tenant.suspended and request.method not in SAFE_METHODS:
                return render(request, "tenancy/suspended.html", status=403)
            response = view(request, **kwargs)
            if visit is not None and response.status_code < 400:
                record_page(request, visit, response.status_code)
            return response

        guarded.tenant_role = role  # type: ignore[attr-defined]
        guarded.reveals_secrets = reveals_secrets  # type: ignore[attr-defined]
        return guarded

    return decorate


def _lead_to_sign_in(request: HttpRequest, slug: str) -> HttpResponse:
    """Whose session ended meanwhile: a form that was sent is lost, and that is told."""
    if request.headers.get("HX-Request"):
        # The page stays as it is, with what was typed into it, and says so by itself.
        return HttpResponse(status=401)
    if request.method in SAFE_METHODS:
        return redirect_to_login(request.get_full_path())
    messages.warning(request, _("You were signed out meanwhile; nothing was changed. Sign in and do it again."))
    return redirect_to_login(_sent_from(request) or f"/t/{slug}/")


def _sent_from(request: HttpRequest) -> str:
    """The page with the form, which can be read again; its own address may take nothing but forms. "" where not told."""
    page = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(page, {request.get_host()}):
        return ""
    parts = urlsplit(page)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def looking_in(request: HttpRequest, slug: str, role: Role) -> Membership:
    """The member who may look at /t/<slug>/… as at a page with the door `role`: for what is no page. In a user's scope.

    Raises Http404 for strangers and for support's visits, PermissionDenied for weak roles and where a second factor is missing.
    """
    if not request.user.is_authenticated or held_for(request, slug) is not None:
        raise Http404
    membership = _enter(request, request.user, slug)
    needs_second_factor = membership.tenant.require_mfa
    if not membership.allows(role) or (needs_second_factor and not _has_shown_second_factor(request, membership)):
        raise PermissionDenied
    return membership


def _enter(request: HttpRequest, user: User, slug: str) -> Membership:
    """All of the person's memberships in one query, since the page's head offers the others to switch to."""
    own = Membership.objects.filter(user=user).select_related("tenant").order_by("tenant__name", "tenant_id")
    own = own.annotate(has_second_factor=second_factor_of("user"))
    request.memberships = list(own)  # type: ignore[attr-defined]
    for membership in request.memberships:  # type: ignore[attr-defined]
        if membership.tenant.slug == slug:
            enter_tenant(membership.tenant_id)
            return membership
    raise Http404


def _enter_on_visit(request: HttpRequest, visit: Any) -> Membership:
    """The place of the member whose eyes these are, as it is now; it is lent, and no row."""
    enter_tenant(visit.tenant_id)
    seen_as = Membership.objects.select_related("tenant").filter(tenant=visit.tenant_id, user=visit.as_user_id).first()
    if seen_as is None:
        raise Http404
    act_on_behalf_of(visit.as_user)
    lent = Membership(tenant=seen_as.tenant, user=visit.staff, role=seen_as.role)
    lent.has_second_factor = visit.has_second_factor  # type: ignore[attr-defined]
    request.memberships = [lent]  # type: ignore[attr-defined]
    return lent


def _refusal(request: HttpRequest, visit: Visit, reveals_secrets: bool) -> str:
    """secrets or changes: what a visit does not get here; "" for nothing."""
    if reveals_secrets:
        return "secrets"
    return "" if visit.may_change or request.method in SAFE_METHODS else "changes"


def _has_shown_second_factor(request: HttpRequest, membership: Any) -> bool:
    """As `portal.tenancy.mfa` has it, without another query."""
    return membership.has_second_factor and shown_in_session(request)
