"""What adopting a difference would change, said before it is done, and its two sides in words."""

from typing import Any, cast

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from portal.billing.months import month_of
from portal.billing.peaks import Change, peak
from portal.ui.formats import money, number
from provisioning.models import Drift, Order, Product
from provisioning.usage import Origin, Usage, usage_of

Kind = Drift.Kind


def consequences_of(drift: Drift, product: Product | None) -> list[str]:
    """Sentences about ledger, peak and cost. `product` as `for_desk` reads it."""
    if product is None:
        return [_("This difference belongs to no product, so it cannot be adopted.")]
    match drift.kind:
        case Kind.TOTAL:
            return _of_total(cast(int, drift.theirs), product)
        case Kind.IN_USE:
            return _of_use(drift, product)
        case Kind.UNKNOWN_ORDER:
            return _of_order(cast(dict[str, Any], drift.theirs), product)
    return [
        _("If the order is still pending here, it counts as rejected from then on."),
        _("The ledger does not change, and neither does this month's peak."),
    ]


def _of_total(theirs: int, product: Product) -> list[str]:
    usage = _usage(product)
    by = theirs - (usage.level if usage else 0)
    if not usage or not by:
        return [_("The ledger has this level already: nothing changes in it.")]
    entry = _("The ledger gets an entry of %(by)s now, from %(ours)s to %(theirs)s products.") % {
        "by": f"{by:+d}",
        "ours": number(usage.level),
        "theirs": number(theirs),
    }
    return [entry, _peak_sentence(usage, Change(timezone.now(), by))]


def _of_order(told: dict[str, Any], product: Product) -> list[str]:
    known = _("The order is kept among your orders, as one that was not placed through the portal.")
    usage = _usage(product)
    if not usage or told["status"] != Order.Status.FULFILLED:
        return [known, _("It is not fulfilled yet: ledger and peak change only when it is.")]
    by = told["quantity"] if told["type"] == Order.Type.INCREMENT else -told["quantity"]
    at = parse_datetime(told["fulfilled_at"] or "") or timezone.now()
    entry = _("The ledger gets an entry of %(by)s, effective when the vendor fulfilled it.") % {"by": f"{by:+d}"}
    return [known, entry, _peak_sentence(usage, Change(at, by))]


def _of_use(drift: Drift, product: Product) -> list[str]:
    inventory = getattr(product, "inventory", None)
    before = inventory.foreign_in_use if inventory else 0
    after = before + cast(int, drift.theirs) - cast(int, drift.ours)
    return [
        _("%(after)s products count as used by subscribers made elsewhere, instead of %(before)s.")
        % {"after": number(after), "before": number(before)},
        _("The ledger does not change, and neither does this month's peak."),
    ]


def _usage(product: Product) -> Usage | None:
    return usage_of(product, month_of(timezone.now()), [])


def _peak_sentence(usage: Usage, change: Change[Origin]) -> str:
    before, opening = usage.peak.proven.value, usage.opening
    if change.at < usage.period.start:
        opening, changes = opening + change.quantity, usage.changes
    else:
        changes = [*usage.changes, change]
    after = peak(changes, usage.period, opening=opening).value
    if after == before:
        return _("This month's peak stays at %(peak)s.") % {"peak": number(before)}
    price = usage.product.unit_price
    words = {"before": number(before), "after": number(after)}
    if not price:
        return _("This month's peak becomes %(after)s instead of %(before)s.") % words
    more = money(price * (after - before))
    return _("This month's peak becomes %(after)s instead of %(before)s, which changes its cost by %(more)s.") % {
        **words,
        "more": more,
    }


# --- Both sides ---------------------------------------------------------------------------------------------------


def told_pairs(drift: Drift) -> list[tuple[Any, str, str]]:
    """(name, ours, theirs) of each value that differs."""
    if drift.kind == Kind.TOTAL:
        return [(_("Products in the inventory"), number(drift.ours), number(drift.theirs))]
    if drift.kind == Kind.IN_USE:
        return [(_("Products in use"), number(drift.ours), number(drift.theirs))]
    if drift.kind == Kind.UNKNOWN_ORDER:
        return [(_("Order %(number)s") % {"number": drift.key}, _("not known"), _order_in_words(drift.theirs))]
    status = (drift.ours or {}).get("status", "")
    ours = dict(Order.Status.choices).get(status, status)
    return [(_("Order %(number)s") % {"number": drift.key}, str(ours), _("not listed any more"))]


def _order_in_words(told: Any) -> str:
    told = told or {}
    sign = "+" if told.get("type") == Order.Type.INCREMENT else "−"
    status = dict(Order.Status.choices).get(told.get("status", ""), "")
    return f"{sign}{told.get('quantity', '?')} · {status}"
