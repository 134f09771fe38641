"""What every template knows without being told: the tenant, the sidebar, and the tenants to switch to."""

from typing import Any

from django.apps import apps
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from portal.ui import VERSION
from portal.ui.navigation import NavSection, sections


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor. Costs nothing until a template looks: then one query for `memberships`, none for the rest."""
    return {
        "tenant": getattr(request, "tenant", None),
        "membership": getattr(request, "membership", None),
        "nav_sections": SimpleLazyObject(lambda: _sections(request)),
        "memberships": SimpleLazyObject(lambda: _memberships(request)),
        "portal_version": VERSION,
    }


def _sections(request: HttpRequest) -> list[NavSection]:
    membership = getattr(request, "membership", None)
    if membership is None:
        return []
    return sections(membership.tenant.slug, request.path, membership.allows, request)


def _memberships(request: HttpRequest) -> list[Any]:
    """The signed-in person's memberships with their tenants, by tenant name. A tenant's door has read them already."""
    if hasattr(request, "memberships"):
        return request.memberships
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    membership_model = apps.get_model("tenancy", "Membership")
    return list(membership_model.objects.filter(user=user).select_related("tenant").order_by("tenant__name"))
