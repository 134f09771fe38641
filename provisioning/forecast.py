"""What an order would do to stock, peak and cost, told before it is placed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.billing.drawing import CURRENCY
from portal.billing.papers.wording import unit_price
from portal.billing.peaks import Period
from portal.ui.formats import money, number
from provisioning.models import Order, Product
from provisioning.usage import Usage

# An order that costs the month so much more, or raises its peak so much where no price is known, is typed as well.
HURTS_EUR = Decimal(1_000)
HURTS_PRODUCTS = 500


@dataclass(frozen=True)
class Outlook:
    """How a month and the next one look, EUR and products."""

    level: int
    peak: int
    cost: Decimal
    next_opening: int
    next_cost: Decimal


@dataclass(frozen=True)
class Forecast:
    """Both outlooks take all orders on their way as fulfilled now; `then` this one too.

    Money is what the statement of the month will show, by the contract's price, free units and rule for price changes, and
    of the next month by the terms agreed for it. `waits` tells that the order would lift the inventory's value over the
    agreed limit, so that the vendor's people decide about it. `free` are products that could be used instead of new ones.
    `at` is when it was made.
    """

    usage: Usage
    order_type: str
    quantity: int
    now: Outlook
    then: Outlook
    waits: bool
    free: int
    at: datetime

    @property
    def product(self) -> Product:
        return self.usage.product

    @property
    def period(self) -> Period:
        return self.usage.period

    @property
    def priced(self) -> bool:
        """Is the price of this month known? It may be zero."""
        return self.usage.priced

    @property
    def next_priced(self) -> bool:
        return self.usage.next_priced

    @property
    def headroom(self) -> int | None:
        """So many more cost nothing this month; None: any number."""
        return self.usage.headroom

    @property
    def more_cost(self) -> Decimal:
        """What this month costs more by the order; less only where a new peak is charged by other terms."""
        return self.then.cost - self.now.cost

    @property
    def less_cost(self) -> Decimal:
        return -self.more_cost

    @property
    def raises_peak(self) -> bool:
        return self.then.peak > self.now.peak

    @property
    def costs_more(self) -> bool:
        """This month; where no price is known, a higher peak is taken for it."""
        return self.more_cost > 0 if self.priced else self.raises_peak

    @property
    def hurts(self) -> bool:
        """Does it cost so much that pressing a button is too little? Nothing takes a peak back."""
        if not self.priced:
            return self.then.peak - self.now.peak >= HURTS_PRODUCTS
        return self.more_cost >= HURTS_EUR

    @property
    def increment(self) -> bool:
        return self.order_type == Order.Type.INCREMENT

    @property
    def too_few(self) -> bool:
        """Would more products go than are free? The verb stops it; the vendor would refuse it."""
        return not self.increment and self.quantity > free_of(self.product)

    @property
    def saves_next(self) -> Decimal:
        """What the next month costs less by fewer products, if nothing else is ordered."""
        return self.now.next_cost - self.then.next_cost

    @property
    def saves_nothing(self) -> bool:
        """Is what goes free of charge in the next month as well?"""
        return self.next_priced and not self.saves_next

    @property
    def month_ends_soon(self) -> bool:
        """Is waiting for the next month worth a thought (ORDER_WAIT_DAYS)?"""
        return self.at >= self.period.end - timedelta(days=settings.ORDER_WAIT_DAYS)

    @property
    def good_to_know(self) -> str:
        """How many more cost nothing until the month turns, or until when fewer save anything; "" for neither."""
        if self.increment:
            return "" if self.headroom == 0 else _headroom_words(self)
        return "" if self.too_few or self.saves_nothing else _floor_words(self)

    @property
    def coming(self) -> str:
        """That the next month is charged by another price; "" where it is not."""
        return _coming_words(self.usage)

    @property
    def ways(self) -> "list[Way]":
        """What would be cheaper, the cheapest first."""
        return [] if self.too_few else list(_ways(self))

    @property
    def seen(self) -> str:
        """What a person who saw this forecast agreed to."""
        then = self.then
        money_seen = f"{then.peak}:{then.cost}:{then.next_cost}"
        return f"{self.product.pk}:{self.order_type}:{self.quantity}:{money_seen}:{int(self.waits)}"


def forecast(
    usage: Usage, order_type: str, quantity: int, *, free: int | None = None, now: datetime | None = None
) -> Forecast:
    """`quantity` from 1; `free` of products that nobody else takes, all that are free where it is None.

    Raises nothing: what is not allowed is told (`too_few`, `waits`) and stopped by the verb.
    """
    product = usage.product
    signed = quantity if order_type == Order.Type.INCREMENT else -quantity
    return Forecast(
        usage,
        order_type,
        quantity,
        now=_outlook(usage, 0),
        then=_outlook(usage, signed),
        waits=signed > 0 and over_limit(product, usage.level + usage.arriving + signed),
        free=max(0, free_of(product)) if free is None else free,
        at=now or timezone.now(),
    )


def _outlook(usage: Usage, signed: int) -> Outlook:
    """Reductions never lower a peak, and lower what the next month opens with."""
    highest = max(usage.peak.at_most, usage.level + usage.arriving + max(signed, 0))
    opening = max(0, usage.level + usage.arriving - usage.leaving + signed)
    return Outlook(usage.level + signed, highest, usage.cost_of(highest), opening, usage.next_cost_of(opening))


def over_limit(product: Product, level: int) -> bool:
    """Is `level` worth more a month than what was agreed with the vendor? Never, while price or limit are not known.

    That limit is the vendor's, on the value of the whole stock by the price of one: free units take nothing from it.
    """
    return product.limit_eur is not None and product.unit_price * level > product.limit_eur


def most_within_limit(product: Product) -> int | None:
    """The highest level within the agreed limit, as `over_limit` reckons it; None while price or limit are not known."""
    if product.limit_eur is None or not product.unit_price:
        return None
    return int(product.limit_eur // product.unit_price)


def free_of(product: Product) -> int:
    """Products free to be used, of a product as `for_desk` reads it: by the mirror, less what is promised already."""
    inventory = getattr(product, "inventory", None)
    if inventory is None:
        return 0
    return inventory.available - product.promised - product.leaving  # type: ignore[attr-defined]


# --- In words -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Way:
    """A cheaper way: to order `quantity` instead (0: nothing), or to leave it to right-sizing."""

    text: str
    quantity: int = 0
    sizing: bool = False


def _ways(told: Forecast) -> Iterator[Way]:
    if not told.increment:
        yield Way(_("Keep them at hand until then: right-sizing removes what is spare shortly before."), sizing=True)
        return
    if told.free:
        yield _use_free(told)
    if told.costs_more and told.headroom:
        yield Way(_fits_words(told, told.headroom), told.headroom)
    if told.costs_more and told.month_ends_soon:
        yield Way(_wait_words(told))


def _use_free(told: Forecast) -> Way:
    if told.free >= told.quantity:
        text = ngettext(
            "%(free)s product is free: use it, and nothing has to be ordered.",
            "%(free)s products are free: use them, and nothing has to be ordered.",
            told.free,
        )
        return Way(text % {"free": number(told.free)})
    rest = told.quantity - told.free
    text = ngettext(
        "%(free)s product is free already: with it, ordering %(rest)s is enough.",
        "%(free)s products are free already: with them, ordering %(rest)s is enough.",
        told.free,
    )
    return Way(text % {"free": number(told.free), "rest": number(rest)}, rest)


def _fits_words(told: Forecast, headroom: int) -> str:
    words = {"n": number(headroom), "peak": _peak(told), "free": _free_units(told)}
    if _within_free_units(told):
        text = ngettext(
            "Ordering only %(n)s costs nothing this month: the first %(free)s are free of charge.",
            "Ordering only %(n)s costs nothing this month: the first %(free)s are free of charge.",
            headroom,
        )
        return text % words
    text = ngettext(
        "Ordering only %(n)s costs nothing this month: it fits under the peak of %(peak)s.",
        "Ordering only %(n)s costs nothing this month: they fit under the peak of %(peak)s.",
        headroom,
    )
    return text % words


def _wait_words(told: Forecast) -> str:
    turn = _turn(told)
    if not told.priced:
        return _("Ordered from %(turn)s on, it leaves this month's peak as it is.") % {"turn": turn}
    return _("Ordered from %(turn)s on, it costs %(more)s less: this month is not charged for it.") % {
        "turn": turn,
        "more": money(told.more_cost),
    }


def _headroom_words(told: Forecast) -> str:
    headroom, day = told.headroom, _day(told)
    if headroom is None:
        return _("More cost nothing until %(day)s: the price agreed for this month is zero.") % {"day": day}
    words = {"n": number(headroom), "day": day, "peak": _peak(told), "free": _free_units(told)}
    if _within_free_units(told):
        text = ngettext(
            "%(n)s more costs nothing until %(day)s: the first %(free)s are free of charge.",
            "%(n)s more cost nothing until %(day)s: the first %(free)s are free of charge.",
            headroom,
        )
        return text % words
    text = ngettext(
        "%(n)s more costs nothing until %(day)s: the peak is already %(peak)s.",
        "%(n)s more cost nothing until %(day)s: the peak is already %(peak)s.",
        headroom,
    )
    return text % words


def _within_free_units(told: Forecast) -> bool:
    """Is it by them, and not by the peak, that more cost nothing?"""
    return (told.usage.free_units or 0) > told.usage.peak.proven.value


def _peak(told: Forecast) -> str:
    return number(told.usage.peak.proven.value)


def _free_units(told: Forecast) -> str:
    return number(told.usage.free_units or 0)


def _floor_words(told: Forecast) -> str:
    words = {"turn": _turn(told), "saving": money(told.saves_next)}
    if not told.next_priced:
        return _("Do it before %(turn)s, so that the next month opens lower.") % words
    return _("Do it before %(turn)s: from then on it saves %(saving)s a month.") % words


def _coming_words(usage: Usage) -> str:
    """By the terms of the first day, with which a month is charged unless its own rule says otherwise."""
    if not (usage.priced and usage.next_priced):
        return ""
    now, then = usage.charge, usage.terms.charge(0, usage.next_first)
    if (now.unit_price, now.free_units) == (then.unit_price, then.free_units):
        return ""
    words = {
        "turn": _day_of(usage),
        "price": unit_price(now.unit_price, CURRENCY),
        "coming": unit_price(then.unit_price, CURRENCY),
        "free": number(now.free_units),
        "coming_free": number(then.free_units),
    }
    if now.free_units == then.free_units:
        return _("From %(turn)s on one costs %(coming)s a month instead of %(price)s, as agreed already.") % words
    return (
        _(
            "From %(turn)s on one costs %(coming)s a month after the first %(coming_free)s, instead of %(price)s after the"
            " first %(free)s, as agreed already."
        )
        % words
    )


def _day(told: Forecast) -> str:
    """When the month turns, by the calendar that is charged by: "1 December"."""
    return _day_of(told.usage)


def _day_of(usage: Usage) -> str:
    return date_format(usage.period.end.astimezone(usage.period.zone), "j F")


def _turn(told: Forecast) -> str:
    """ "1 December, 00:00"."""
    return date_format(told.period.end.astimezone(told.period.zone), "j F, H:i")
