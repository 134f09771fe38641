"""The component that tells what happened: `{% load audit %}{% story order %}`."""

from datetime import datetime
from typing import Any

from django import template
from django.db.models import Model
from django.http import HttpRequest
from django.template import Context
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware

from portal.audit.timeline import Wanted, page_of, ref_of, seen_by, timeline_of
from portal.tenancy.roles import Role

register = template.Library()


@register.inclusion_tag("audit/_timeline.html", takes_context=True)
def story(context: Context, about: Model) -> dict[str, Any]:
    """What happened to `about`, newest first, for who looks; one query. `?before=` in the address leads to older parts."""
    request, ref = context["request"], ref_of(about._meta.label_lower, about.pk)
    return told(request, Wanted(about._meta.label_lower, about.pk), page_of(ref, request.membership))


def told(request: Any, wanted: Wanted, url: str) -> dict[str, Any]:
    """The context of audit/_timeline.html; `url` is the page that shows it."""
    before = before_of(request)
    timeline = seen_by(request.membership, timeline_of(wanted, before), wanted)
    return {
        "request": request,
        "tenant": request.tenant,
        "timeline": timeline,
        "of_request": bool(wanted.request_id),
        "older_url": f"{url}?before={timeline.older:%Y-%m-%dT%H:%M:%S.%fZ}#story" if timeline.older else "",
        "newest_url": f"{url}#story" if before else "",
        "may_read_calls": request.membership.allows(Role.OPERATOR),
    }


def before_of(request: HttpRequest) -> datetime | None:
    """None also for what is no moment."""
    try:
        before = parse_datetime(request.GET.get("before", ""))
    except ValueError:
        return None
    return before if before and is_aware(before) else None
