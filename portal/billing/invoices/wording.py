"""What checking found, as sentences. Each says what was found, and no more than that."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from portal.ui.statuses import look_of

SENTENCES: Mapping[str, Any] = {
    "utc_month": _("%(count)s is what the month comes to by UTC; the agreed calendar is that of %(zone)s."),
    "previous_month": _("%(count)s is what %(month)s came to."),
    "at_the_end": _("%(count)s is the stock at the end of the month, not its peak."),
    "at_the_beginning": _("%(count)s is the stock at the beginning of the month, not its peak."),
    "sum_of_orders": _("%(count)s is the sum of what was ordered in the month, not its peak."),
    "never_reduced": _("%(count)s is what the stock would have come to if nothing had been removed in the month."),
    "order_without_effect": _(
        "%(count)s is the peak with order %(order)s in it, which is “%(state)s” and not in the ledger."
    ),
    "orders_without_effect": _("%(count)s is the peak with orders that are not in the ledger: %(orders)s."),
    "since_closed": _("Since statement %(number)s was closed the ledger has come to %(now)s."),
    "unsettled": _("Not settled yet: %(orders)s. Until then the month comes to between %(least)s and %(most)s."),
    "not_looked_into": _(
        "More than %(most)s counts differ, and why was not looked into here. Dispute or settle some, then check again."
    ),
    "cost_unknown": _("No cost price is kept for it, so the amount was not checked."),
    "unit_price": _("The invoice charges EUR %(price)s for one; the cost price is EUR %(cost)s."),
    "other_cost": _(
        "The amount is that of EUR %(price)s for one, a cost price that holds in another part of the month."
    ),
    "with_vat": _("The amount is EUR %(net)s with %(rate)s%% VAT."),
    "arithmetic": _("%(count)s × EUR %(price)s is EUR %(comes_to)s; the invoice says EUR %(amount)s."),
    "twice": _("Invoice %(number)s charges it for this month, too."),
    "elsewhere": _("Invoice %(number)s charges it."),
}


def sentences(explanations: Iterable[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """In the active language."""
    return [str(SENTENCES[code]) % _shown(facts) for code, facts in explanations]


def _shown(facts: Mapping[str, Any]) -> dict[str, Any]:
    state = {"state": look_of(facts["state"]).label} if "state" in facts else {}
    return {**facts, **state}
