"""How times, money and numbers are written."""

from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.ui.names import NAMES

NOTHING = "–"
CENT = Decimal("0.01")
# In this order: later browsers carry the names of earlier ones.
BROWSERS = [("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")]
SYSTEMS = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
]
# A value of a JSON document is cut where nobody reads on.
LONGEST_VALUE = 300
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}


def zone_of(request: HttpRequest | None) -> tzinfo:
    """The tenant's zone, else the signed-in person's, else the active one (UTC by default)."""
    for owner in (getattr(request, "tenant", None), getattr(request, "user", None)):
        name = getattr(owner, "time_zone", None)
        if name:
            try:
                return ZoneInfo(str(name))
            except (ZoneInfoNotFoundError, ValueError):
                continue
    return timezone.get_current_timezone()


def moment(value: datetime | None, zone: tzinfo, *, seconds: bool = False) -> SafeString | str:
    """`value` on the wall clock of `zone`, with UTC on hover. A dash for None."""
    if value is None:
        return NOTHING
    text = _wall_clock(value.astimezone(zone), seconds)
    return format_html('<time datetime="{}" title="{}">{}</time>', _iso(value), _utc(value), text)


def age(value: datetime | None, zone: tzinfo, now: datetime | None = None) -> SafeString | str:
    """How long ago `value` was ("3 minutes ago", "in 2 hours"), with the moment on hover."""
    if value is None:
        return _("never")
    now = now or timezone.now()
    title = f"{_wall_clock(value.astimezone(zone), True)} · {_utc(value)}"
    return format_html('<time datetime="{}" title="{}">{}</time>', _iso(value), title, relative(now - value))


def relative(distance: timedelta) -> str:
    """Words for a distance in time; positive is past. One unit only: nobody reads the second."""
    seconds = int(abs(distance).total_seconds())
    if seconds < 5:
        return _("just now")
    words = duration(timedelta(seconds=seconds))
    return _("%(time)s ago") % {"time": words} if distance > timedelta() else _("in %(time)s") % {"time": words}


def duration(length: timedelta) -> str:
    """`length` in its largest unit, rounded down: "45 seconds", "3 minutes", "2 days"."""
    seconds = int(length.total_seconds())
    if seconds < 60:
        return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}
    if seconds < 3_600:
        return ngettext("%(n)d minute", "%(n)d minutes", seconds // 60) % {"n": seconds // 60}
    if seconds < 86_400:
        return ngettext("%(n)d hour", "%(n)d hours", seconds // 3_600) % {"n": seconds // 3_600}
    days = seconds // 86_400
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


def money(amount: Decimal | int | None, currency: str = "EUR") -> str:
    """`amount` to the cent with the currency's sign before it, in the reader's locale. A dash for None."""
    if amount is None:
        return NOTHING
    # Django's own formatting cuts digits off; a cent is rounded.
    value = Decimal(amount).quantize(CENT, ROUND_HALF_UP)
    digits = formats.number_format(abs(value), decimal_pos=2, use_l10n=True, force_grouping=True)
    sign = "−" if value < 0 else ""
    return f"{sign}{SYMBOLS.get(currency, currency)}\u00a0{digits}"


def number(value: Any) -> str:
    """`value` with its thousands grouped. A dash for None."""
    if value is None or value == "":
        return NOTHING
    return formats.number_format(value, use_l10n=True, force_grouping=True)


def browser(user_agent: str) -> str:
    """ "Firefox on Linux", or the beginning of `user_agent` when it names none that we know."""
    name = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    if not name:
        return user_agent[:40] or _("Unknown")
    return _("%(browser)s on %(system)s") % {"browser": name, "system": system} if system else name


def value_text(value: Any) -> str:
    """One JSON value on one line, cut where nobody reads on."""
    match value:
        case None | "":
            text = NOTHING
        case True:
            text = _("yes")
        case False:
            text = _("no")
        case dict():
            text = ", ".join(f"{name_text(key)}: {value_text(inner)}" for key, inner in value.items()) or NOTHING
        case list():
            text = ", ".join(value_text(inner) for inner in value) or NOTHING
        case _:
            text = str(value)
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"


def name_text(key: Any) -> str:
    """A key of a JSON object as a label: as `portal.ui.names` has it, else "level_before" is "Level before"."""
    words = str(NAMES.get(str(key), "")) or str(key).replace("_", " ")
    return words[:1].upper() + words[1:]


def _wall_clock(value: datetime, seconds: bool) -> str:
    return formats.date_format(value, "j M Y, H:i:s" if seconds else "j M Y, H:i")


def _iso(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds")


def _utc(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
