"""Thresholds passed: few products free, a high peak, a dear month, the agreed limit near."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.notices.models import Notice
from portal.notices.registry import Kind, Words
from provisioning.notices.wording import GROUP, MONEY, eur, overview


def _free_words(args: Mapping[str, Any]) -> Words:
    free = int(args["free"])
    title = ngettext("Only %(free)s of %(product)s is free", "Only %(free)s of %(product)s are free", free)
    return Words(
        title % {"free": free, "product": args["product"]},
        _("You wanted to be told below %(below)s. Without a free product no subscriber can be created.")
        % {"below": args["below"]},
    )


def _peak_words(args: Mapping[str, Any]) -> Words:
    return Words(
        _("This month's peak of %(product)s is %(peak)s") % args,
        _(
            "You wanted to be told above %(above)s. The month is charged on it; fewer products lower the next month only."
        )
        % args,
    )


def _cost_words(args: Mapping[str, Any]) -> Words:
    values = {"product": args["product"], "cost": eur(args["cost"]), "above": eur(args["above"])}
    return Words(
        _("This month of %(product)s costs %(cost)s") % values,
        _(
            "You wanted to be told above %(above)s. The month is charged on its peak; fewer products lower the next month only."
        )
        % values,
    )


def _limit_words(args: Mapping[str, Any]) -> Words:
    values = {**args, "limit": eur(args["limit"]), "value": eur(args["value"])}
    return Words(
        _("%(percent)s %% of the agreed limit of %(product)s is reached") % values,
        _("%(value)s of %(limit)s a month. An order above the limit waits for the vendor's people.") % values,
    )


def _order_form(notice: Notice, slug: str) -> str:
    return f"{reverse('provisioning:order_new', args=[slug])}?connection={notice.args['connection']}"


FREE = Kind(
    "provisioning.few_free",
    gettext_lazy("Few products are free"),
    GROUP,
    _free_words,
    _order_form,
    gettext_lazy("Order products"),
    doors=MONEY,
    icon="package",
    tone="warning",
    needs_you=True,
    calm=timedelta(hours=1),
)
PEAK = Kind(
    "provisioning.peak_above",
    gettext_lazy("The month's peak is above your threshold"),
    GROUP,
    _peak_words,
    overview,
    gettext_lazy("See the month"),
    doors=MONEY,
    icon="chart-line",
    tone="warning",
    needs_you=True,
)
COST = Kind(
    "provisioning.cost_above",
    gettext_lazy("The month costs more than your threshold"),
    GROUP,
    _cost_words,
    overview,
    gettext_lazy("See the month"),
    doors=MONEY,
    icon="report-money",
    tone="warning",
    needs_you=True,
)
LIMIT = Kind(
    "provisioning.limit_near",
    gettext_lazy("The agreed limit is nearly reached"),
    GROUP,
    _limit_words,
    overview,
    gettext_lazy("See the stock"),
    doors=MONEY,
    icon="credit-card",
    tone="warning",
    needs_you=True,
    calm=timedelta(hours=1),
)
KINDS = [FREE, PEAK, COST, LIMIT]
