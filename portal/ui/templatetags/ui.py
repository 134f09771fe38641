"""Components of every page. What each looks like: /ui/ on a development server; how to use them: docs/components.md."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django import template
from django.forms import BoundField
from django.http import QueryDict
from django.template import Context
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from portal.ui import fields, formats
from portal.ui.icons import icon as draw_icon
from portal.ui.statuses import look_of

register = template.Library()


def _render(name: str, context: Context | None, **values: Any) -> SafeString:
    """A component's own template, knowing its arguments alone (and the request, for the CSRF token)."""
    request = context.get("request") if context else None
    return render_to_string(f"ui/{name}.html", values, request=request)


# --- Page ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Crumb:
    label: str
    url: str = ""


@register.simple_tag
def crumbs(*pairs: str) -> list[Crumb]:
    """`{% crumbs "Video" video_url "Orders" orders_url as trail %}`: labels and addresses in turn."""
    return [Crumb(str(label), url) for label, url in zip(pairs[::2], pairs[1::2], strict=True)]


@register.simple_block_tag(takes_context=True)
def page_header(
    context: Context,
    content: str,
    title: str,
    *,
    subtitle: str = "",
    breadcrumbs: Sequence[Crumb] = (),
    status: str = "",
    status_label: str = "",
) -> SafeString:
    """The page's one h1 with what leads here, and its actions (the block's content) to the right."""
    return _render(
        "page_header",
        None,
        title=title,
        subtitle=subtitle,
        breadcrumbs=breadcrumbs,
        status=status,
        status_label=status_label,
        actions=content.strip() and content,
    )


@register.simple_block_tag
def tabs(content: str, label: str = "") -> SafeString:
    """A row of `{% tab %}`s: the views of one thing."""
    return _render("tabs", None, content=content, label=label or _("Views"))


@register.inclusion_tag("ui/tab.html")
def tab(label: str, url: str, *, current: bool = False, count: int | None = None) -> dict[str, Any]:
    return {"label": label, "url": url, "current": current, "count": count}


@register.filter
def under(path: str, url: str) -> bool:
    """Is `path` the page at `url`, or one below it? For the `current` of a tab."""
    return path.startswith(url)


@register.simple_block_tag
def card(content: str, title: str = "", *, subtitle: str = "", flush: bool = False) -> SafeString:
    """A panel; `flush` lets a table reach its edges."""
    return _render("card", None, content=content, title=title, subtitle=subtitle, flush=flush)


# --- Small pieces -------------------------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    return draw_icon(name, label)


@register.inclusion_tag("ui/badge.html")
def badge(status: str, label: str = "") -> dict[str, Any]:
    """The state of something, told by word, icon and colour; `status` may be a bare tone with a `label`."""
    look = look_of(status)
    return {"tone": look.tone, "icon": look.icon, "label": label or look.label}


@register.simple_block_tag
def alert(content: str, tone: str = "info", *, title: str = "", icon: str = "", live: bool = False) -> SafeString:
    """A sentence that must be read. `live` announces it when it arrives by htmx."""
    usual = {"success": "circle-check", "warning": "alert-triangle", "danger": "alert-circle"}.get(tone, "info-circle")
    return _render("alert", None, content=content, tone=tone, title=title, icon=icon or usual, live=live)


@register.simple_block_tag
def empty_state(content: str, icon: str, title: str, text: str = "") -> SafeString:
    """Why there is nothing here, and what to do about it (the block's content)."""
    return _render("empty_state", None, icon=icon, title=title, text=text, action=content.strip() and content)


@register.inclusion_tag("ui/progress.html")
def progress(value: int, maximum: int, label: str = "") -> dict[str, Any]:
    return {"value": value, "maximum": max(maximum, 1), "label": label or _("Progress")}


@register.inclusion_tag("ui/gauge.html")
def gauge(used: int | None, limit: int | None, label: str = "", *, warn_at: int = 80) -> dict[str, Any]:
    """A half circle of how much of a limit is used; from `warn_at` per cent on it warns."""
    known = used is not None and bool(limit)
    percent = min(100, round(100 * (used or 0) / (limit or 1))) if known else 0
    tone = "danger" if percent >= 100 else "warning" if percent >= warn_at else "success"
    return {"used": used, "limit": limit, "label": label, "percent": percent, "known": known, "tone": tone}


@register.inclusion_tag("ui/stat.html")
def stat(
    label: str, value: Any, *, hint: str = "", tone: str = "", icon: str = "", url: str = "", unit: str = ""
) -> dict[str, Any]:
    """One figure with its name; put several in `<div class="pb-stats">`."""
    text = formats.number(value) if isinstance(value, int) or value is None else value
    return {"label": label, "value": text, "hint": hint, "tone": tone, "icon": icon, "url": url, "unit": unit}


@register.inclusion_tag("ui/key_values.html")
def key_values(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Names and values of one thing. For values with markup write `<dl class="pb-kv">` by hand."""
    return {"pairs": list(pairs)}


@register.inclusion_tag("ui/timeline.html", takes_context=True)
def timeline(context: Context, events: Iterable[Any]) -> dict[str, Any]:
    """What happened, in order. Each event: `at`, `who`, `text`, and if it has them `detail`, `status`, `url`."""
    return {"events": list(events), "request": context.get("request")}


# --- Tables and lists ---------------------------------------------------------------------------------------------


@register.simple_block_tag
def data_table(content: str, caption: str, *, cards: bool = False) -> SafeString:
    """Wraps `<thead>` and `<tbody>`. Narrow screens scroll it, or with `cards` show each row as a card
    (then every `<td>` wants a `data-label`).
    """
    return _render("data_table", None, content=content, caption=caption, cards=cards)


@register.inclusion_tag("ui/pagination.html", takes_context=True)
def pagination(context: Context, page: Any, *, target: str = "") -> dict[str, Any]:
    """Newer and older of a `portal.ui.paging.Page`; filters in the address are kept. `target`: swap it by htmx."""
    return {
        "previous": _with_cursor(context, page.previous_cursor),
        "next": _with_cursor(context, page.next_cursor),
        "target": target,
    }


def _with_cursor(context: Context, cursor: str | None) -> str:
    if not cursor:
        return ""
    request = context.get("request")
    query = request.GET.copy() if request else QueryDict(mutable=True)
    query["cursor"] = cursor
    return "?" + query.urlencode()


@register.simple_block_tag(takes_context=True)
def filter_bar(context: Context, content: str, form: Any = None, *, target: str = "") -> SafeString:
    """A GET form above a list. Give a Django form, or fields as the block's content, or both."""
    request = context.get("request")
    active = bool(request and any(value for key, value in request.GET.items() if key != "cursor"))
    path = request.path if request else ""
    clear = path if active else ""
    return _render("filter_bar", None, content=content, form=form, target=target, clear=clear, path=path)


# --- Acting -------------------------------------------------------------------------------------------------------


@register.simple_block_tag(takes_context=True)
def confirm(
    context: Context,
    content: str,
    label: str,
    url: str,
    *,
    title: str,
    text: str = "",
    verb: str = "",
    tone: str = "danger",
    icon: str = "",
    small: bool = False,
    form_key: str = "",
    target: str = "",
    swap: str = "outerHTML",
) -> SafeString:
    """A button that asks first, then POSTs to `url`. The block's content goes into the form (a reason, hidden fields).

    With `target` the POST is done by htmx and its answer replaces `target`. Works without JavaScript.
    """
    return _render(
        "confirm",
        context,
        content=content,
        label=label,
        url=url,
        title=title,
        text=text,
        verb=verb or label,
        tone=tone,
        icon=icon,
        small=small,
        form_key=form_key,
        target=target,
        swap=swap,
        id=f"confirm-{uuid4().hex[:8]}",
    )


@register.inclusion_tag("ui/post_button.html", takes_context=True)
def post_button(
    context: Context,
    label: str,
    url: str,
    *,
    tone: str = "",
    icon: str = "",
    small: bool = False,
    form_key: str = "",
    target: str = "",
    swap: str = "outerHTML",
) -> dict[str, Any]:
    """A button that POSTs without asking: refresh, test, resend."""
    return {
        "label": label,
        "url": url,
        "tone": tone,
        "icon": icon,
        "small": small,
        "form_key": form_key,
        "target": target,
        "swap": swap,
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("ui/copy_button.html")
def copy_button(text: str, label: str = "") -> dict[str, Any]:
    return {"text": text, "label": label or _("Copy")}


@register.simple_block_tag
def code(content: str, title: str = "", *, copy: bool = True) -> SafeString:
    """Preformatted text that may be copied."""
    inside = mark_safe(content.strip("\n"))  # noqa: S308 - a rendered block, escaped already
    return _render("code", None, content=inside, title=title, copy=copy, id=f"code-{uuid4().hex[:8]}")


# --- Forms --------------------------------------------------------------------------------------------------------


@register.simple_tag
def field(bound: BoundField, label: str = "", help_text: str = "") -> SafeString:
    """One field with label, help and errors, wired for screen readers."""
    return fields.render_field(bound, label=label, help_text=help_text)


@register.filter
def control(bound: BoundField) -> SafeString:
    """The bare input of a field in our look; its label is the caller's business."""
    return fields.render_control(bound)


@register.filter
def kind(bound: BoundField) -> str:
    return fields.kind_of(bound)


@register.simple_block_tag
def form_actions(content: str) -> SafeString:
    """The row of buttons that ends a form: the main one first."""
    return _render("form_actions", None, content=content)


# --- Times, money, numbers ----------------------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def moment(context: Context, value: datetime | None, *, seconds: bool = False) -> SafeString | str:
    """A moment in the tenant's zone (else the person's, else UTC), UTC on hover."""
    return formats.moment(value, formats.zone_of(context.get("request")), seconds=seconds)


@register.filter("moment")
def moment_filter(value: datetime | None) -> SafeString | str:
    """As the tag, but in the active zone, for places that have no request."""
    return formats.moment(value, timezone.get_current_timezone())


@register.simple_tag(takes_context=True)
def age(context: Context, value: datetime | None) -> SafeString | str:
    """ "3 minutes ago", the moment on hover."""
    return formats.age(value, formats.zone_of(context.get("request")))


@register.simple_block_tag(takes_context=True)
def mirror_age(
    context: Context, content: str, value: datetime | None, *, stale_after: int = 900, failed_at: datetime | None = None
) -> SafeString:
    """How old what is shown here is; older than `stale_after` seconds is marked. The content is the refresh button.

    `failed_at` is when the vendor could not be read, where it has not been since.
    """
    zone = formats.zone_of(context.get("request"))
    old = timezone.now() - value if value else None
    return _render(
        "mirror_age",
        None,
        at=formats.moment(value, zone) if value else "",
        old=formats.duration(max(old, timedelta())) if old is not None else "",
        stale=old is None or old.total_seconds() > stale_after,
        failed=formats.moment(failed_at, zone) if failed_at else "",
        action=content.strip() and content,
    )


@register.filter
def money(amount: Any, currency: str = "EUR") -> str:
    return formats.money(amount, currency)


@register.filter
def number(value: Any) -> str:
    return formats.number(value)


@register.filter
def duration(value: timedelta | float | None) -> str:
    """A length of time (or seconds) in its largest unit."""
    if value is None:
        return formats.NOTHING
    return formats.duration(value if isinstance(value, timedelta) else timedelta(seconds=value))


@register.filter
def browser(user_agent: str) -> str:
    """ "Firefox on Linux": what a person recognises of a browser's description of itself."""
    return formats.browser(user_agent)
