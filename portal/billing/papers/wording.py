"""How a statement says money, moments and lengths of time, in the active language."""

from datetime import datetime, timedelta, tzinfo
from decimal import Decimal

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.billing.document import Document, Line
from portal.ui.formats import SYMBOLS, duration

KINDS = {
    "peak": gettext_lazy("Charged by the month's peak"),
    "sum": gettext_lazy("Charged by the month's sum"),
    "correction": gettext_lazy("Correction"),
}
VAT_KINDS = {
    "standard": gettext_lazy("At a rate"),
    "reverse": gettext_lazy("Reverse-charged"),
    "exempt": gettext_lazy("Exempt"),
}
UNITS = [timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)]


def unit_price(price: Decimal, currency: str) -> str:
    """With the two to four decimals that it has."""
    places = min(4, max(2, -int(price.normalize().as_tuple().exponent)))
    digits = formats.number_format(abs(price), decimal_pos=places, use_l10n=True, force_grouping=True)
    return f"{'−' if price < 0 else ''}{SYMBOLS.get(currency, currency)}\u00a0{digits}"


def percent(rate: Decimal) -> str:
    """ "21 %", or "5.5 %"."""
    places = max(0, -int(rate.normalize().as_tuple().exponent))
    return f"{formats.number_format(rate, decimal_pos=places, use_l10n=True)}\u00a0%"


def vat_label(document: Document) -> str:
    """ "VAT 21 %", or why there is none."""
    match document.vat_kind:
        case "reverse":
            return _("VAT, reverse-charged")
        case "exempt":
            return _("VAT, exempt")
    return _("VAT %(rate)s") % {"rate": percent(document.vat_rate)}


def vat_said(document: Document) -> str:
    """What has to stand on a statement without VAT; "" on one with it."""
    match document.vat_kind:
        case "reverse":
            return _("VAT reverse-charged: the customer owes it. The customer's VAT number: %(number)s.") % {
                "number": document.vat_number
            }
        case "exempt":
            return _("Exempt from VAT: %(ground)s.") % {"ground": document.vat_ground.rstrip(".")}
    return ""


def vat_kind(document: Document) -> str:
    return str(VAT_KINDS[document.vat_kind])


def clock_time(at: datetime, zone: tzinfo) -> str:
    """To the second, with what its clock is called then: an hour that is lived twice has two names."""
    local = at.astimezone(zone)
    return f"{formats.date_format(local, 'j M Y, H:i:s')} {local.tzname()}".replace(" ", "\u00a0")


def month_name(document: Document) -> str:
    return formats.date_format(document.month, "F Y")


def span(length: timedelta) -> str:
    """In its two largest units, rounded down: "3 days 4 hours"."""
    for unit in UNITS:
        if length >= unit:
            rest = length % unit
            words = [duration(length - rest), *([duration(rest)] if rest >= UNITS[-1] and unit != UNITS[-1] else [])]
            return " ".join(words)
    return _("less than a second")


def kind(line: Line) -> str:
    if line.corrects:
        return _("Corrects statement %(number)s") % {"number": line.corrects}
    return str(KINDS[line.kind])


def clock(line: Line) -> str:
    """Whose clock told when the peak was reached; "" where it was not reached within the month."""
    if line.reading.reached_at is None:
        return ""
    return _("the vendor's clock") if line.reading.by_vendors_clock else _("this portal's clock")


def counted(value: int, at_most: int) -> str:
    """The value, and while it is not certain the most that it can be."""
    written = formats.number_format(value, use_l10n=True, force_grouping=True)
    if at_most <= value:
        return written
    most = formats.number_format(at_most, use_l10n=True, force_grouping=True)
    return _("%(value)s, at most %(most)s") % {"value": written, "most": most}
