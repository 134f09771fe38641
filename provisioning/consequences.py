"""What adopting a difference would change, said before it is done, and its two sides in words."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, cast

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from portal.billing.peaks import Change, peak
from portal.billing.terms import Terms
from portal.ui.formats import money, number
from provisioning.models import Drift, InventoryChange, Order, Product
from provisioning.terms import terms_of_product, with_terms
from provisioning.usage import Origin, Usage, charge_of

Kind = Drift.Kind


def consequences_of(drift: Drift, product: Product | None) -> list[str]:
    """Sentences about ledger, peak and cost. `product` as `for_desk` reads it, best `with_terms`."""
    return _consequences(drift, product, _usages([product] if product else []))


def consequences_of_all(drifts: Iterable[Drift]) -> dict[int, list[str]]:
    """`consequences_of` of each, by its key: two queries, however many there are."""
    drifts = list(drifts)
    wanted = {drift.product_id for drift in drifts if drift.product_id}
    found = with_terms(Product.objects.for_desk()).filter(pk__in=wanted) if wanted else []
    products = {product.pk: product for product in found}
    usages = _usages(list(products.values()))
    return {drift.pk: _consequences(drift, products.get(drift.product_id or 0), usages) for drift in drifts}


def _usages(products: list[Product]) -> dict[int, Usage]:
    """This month's levels by the ledger alone, for products that have one; what was behind a change is not told here."""
    opened, now = [product for product in products if product.ledger_level is not None], timezone.now()  # type: ignore[attr-defined]
    if not opened:
        return {}
    terms = {product.pk: terms_of_product(product, now) for product in opened}
    since: dict[int, list[Change[Origin]]] = {product.pk: [] for product in opened}
    begun = min(terms[product.pk].month(now).start for product in opened)
    rows = InventoryChange.objects.filter(product__in=opened).since(begun)
    for pk, at, by in rows.values_list("product_id", "effective_at", "quantity"):  # type: ignore[misc]
        since[pk].append(Change(at, by))
    return {product.pk: _usage(product, terms[product.pk], since[product.pk], now) for product in opened}


def _usage(product: Product, terms: Terms, since: list[Change[Origin]], now: datetime) -> Usage:
    period = terms.month(now)
    later = [change for change in since if change.at >= period.start]
    opening = product.ledger_level - sum(change.quantity for change in later)  # type: ignore[attr-defined]
    changes = [change for change in later if change.at in period]
    return Usage(product, period, opening, changes, on_their_way=[], terms=terms, at=now)


def _consequences(drift: Drift, product: Product | None, usages: Mapping[int, Usage]) -> list[str]:
    if product is None:
        return [_("This difference belongs to no product, so it cannot be adopted.")]
    usage = usages.get(product.pk)
    match drift.kind:
        case Kind.TOTAL:
            return _of_total(cast(int, drift.theirs), usage)
        case Kind.IN_USE:
            return _of_use(drift, product)
        case Kind.UNKNOWN_ORDER:
            return _of_order(cast(dict[str, Any], drift.theirs), usage)
    return [
        _("If the order is still pending here, it counts as rejected from then on."),
        _("The ledger does not change, and neither does this month's peak."),
    ]


def _of_total(theirs: int, usage: Usage | None) -> list[str]:
    by = theirs - (usage.level if usage else 0)
    if not usage or not by:
        return [_("The ledger has this level already: nothing changes in it.")]
    entry = _("The ledger gets an entry of %(by)s now, from %(ours)s to %(theirs)s products.") % {
        "by": f"{by:+d}",
        "ours": number(usage.level),
        "theirs": number(theirs),
    }
    return [entry, _peak_sentence(usage, Change(timezone.now(), by))]


def _of_order(told: dict[str, Any], usage: Usage | None) -> list[str]:
    known = _("The order is kept among your orders, as one that was not placed through the portal.")
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


def _peak_sentence(usage: Usage, change: Change[Origin]) -> str:
    opening, changes = usage.opening, [*usage.changes, change]
    if change.at < usage.period.start:
        opening, changes = opening + change.quantity, usage.changes
    before, after = usage.peak.proven.value, peak(changes, usage.period, opening=opening)
    if after.value == before:
        return _("This month's peak stays at %(peak)s.") % {"peak": number(before)}
    words = {"before": number(before), "after": number(after.value)}
    if not usage.priced:
        return _("This month's peak becomes %(after)s instead of %(before)s.") % words
    more = charge_of(usage.terms, usage.period, after, after.value, at=usage.at).amount - usage.cost
    if not more:
        return _("This month's peak becomes %(after)s instead of %(before)s, which costs nothing more.") % words
    return _("This month's peak becomes %(after)s instead of %(before)s, which changes its cost by %(more)s.") % {
        **words,
        "more": money(more),
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
