"""Pieces of the pages of live calls that tell of permissions: one that is missing, one that is lost."""

from typing import Any
from urllib.parse import urlencode

from django import template
from django.template import Context
from django.urls import reverse

from portal.tenancy.roles import Role
from portal.vendors.models import Connection
from realtime.grants.lines import ScopeMissing, grant_for
from realtime.grants.models import Grant
from realtime.grants.scopes import purpose_of

register = template.Library()


@register.inclusion_tag("realtime/_missing_scope.html", takes_context=True)
def missing_scope(context: Context, connection: Connection, scope: str) -> dict[str, Any]:
    """`{% missing_scope connection "calls.manage" %}`: what cannot be done for want of a permission, and how to ask for it.

    Nothing when the reader's own permission or the company's allows it. One query.
    """
    request = context["request"]
    try:
        grant_for(connection, request.user, scope)
    except ScopeMissing:
        purpose = purpose_of(scope)
        query = urlencode({"connection": connection.pk, "purpose": purpose.key})
        return {
            "missing": True,
            "purpose": purpose,
            "url": f"{reverse('realtime:connect', args=[request.tenant.slug])}?{query}#company",
            "may_administer": request.membership.allows(Role.ADMIN),
        }
    return {"missing": False}


@register.inclusion_tag("realtime/_lost_grants.html", takes_context=True)
def lost_grants(context: Context) -> dict[str, Any]:
    """`{% lost_grants %}` in the block `banners`: the company's lost permissions and the reader's own. One query."""
    request = context["request"]
    lost = Grant.objects.filter(state=Grant.State.LOST).select_related("connection")
    rows = lost.defer("access_token", "refresh_token", "connection__client_id", "connection__client_secret")
    mine = [grant for grant in rows.order_by("pk") if grant.user_id in (None, request.user.pk)]
    return {
        "lost": mine,
        "connect_url": reverse("realtime:connect", args=[request.tenant.slug]),
        "may_administer": request.membership.allows(Role.ADMIN),
    }
