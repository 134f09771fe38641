"""Pieces of the pages of live calls that tell of permissions: one that is missing, one that is lost."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import template
from django.http import HttpRequest
from django.template import Context
from django.urls import reverse

from portal.tenancy.roles import Role
from portal.vendors.models import Connection
from realtime.grants.scopes import Purpose, purpose_of
from realtime.grants.standing import Place, places_of

register = template.Library()


@register.inclusion_tag("realtime/_missing_scope.html", takes_context=True)
def missing_scope(
    context: Context, connection: Connection | Place | list[Connection] | list[Place], *scopes: str
) -> dict[str, Any]:
    """`{% missing_scope connection "calls.manage" %}`: what cannot be done for want of a permission, and how to ask for it.

    Of one telephone system or several; nothing when the reader's own permission or the company's allows it, or allowed it and
    is lost. One query for all of the page, or none (`places_of`).
    """
    request = context["request"]
    looked_at = connection if isinstance(connection, list) else [connection]
    wanted = {each.pk for each in looked_at}
    places = [place for place in places_of(request) if place.pk in wanted]
    lacking = [(place, purpose) for place in places for purpose in _lacking(place, scopes)]
    return {
        "lacking": [(place, purpose, _ask(request, place.pk, purpose)) for place, purpose in lacking],
        "several": len(looked_at) > 1,
        "may_administer": request.membership.allows(Role.ADMIN),
    }


@register.inclusion_tag("realtime/_lost_grants.html", takes_context=True)
def lost_grants(context: Context) -> dict[str, Any]:
    """`{% lost_grants %}` in the block `banners`: the company's lost permissions and the reader's own. Queries as above."""
    request = context["request"]
    return {
        "lost": [(place, grant) for place in places_of(request) for grant in place.held if grant.lost],
        "connect_url": reverse("realtime:connect", args=[request.tenant.slug]),
        "may_administer": request.membership.allows(Role.ADMIN),
    }


@register.simple_tag(takes_context=True)
def live_places(context: Context) -> list[Place]:
    """`{% live_places as places %}`: the telephone systems that the page tells of. Queries as above."""
    return places_of(context["request"])


def _lacking(place: Place, scopes: Iterable[str]) -> list[Purpose]:
    return list(dict.fromkeys(purpose_of(scope) for scope in scopes if place.misses(scope)))


def _ask(request: HttpRequest, connection_pk: int, purpose: Purpose) -> str:
    query = urlencode({"connection": connection_pk, "purpose": purpose.key})
    return f"{reverse('realtime:connect', args=[request.tenant.slug])}?{query}#company"  # type: ignore[attr-defined]
