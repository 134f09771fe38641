"""The bell of the top bar."""

from typing import Any

from django import template
from django.template import Context
from django.urls import reverse

from portal.ui.navigation import badge_of

register = template.Library()


@register.inclusion_tag("notices/_bell.html", takes_context=True)
def bell(context: Context) -> dict[str, Any]:
    """The way to the notices, with how many are unread. For pages of a tenant."""
    request = context["request"]
    return {
        "url": reverse("notices:notices", args=[context["tenant"].slug]),
        "unread": badge_of(request, "notices:notices"),
    }
