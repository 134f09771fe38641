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

from portal.billing.months import BILLING_ZONE, next_month
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
    """Both outlooks take all orders on their way as fulfilled this month; `then` this one too.

    `waits` tells that the order would lift the inventory's value over the agreed limit, so that the vendor's people
    decide about it. `paid_peak` is what the month is charged for already, `headroom` how many more that pays for; `free`
    are products that could be used instead of new ones. `at` is when it was made.
    """

    product: Product
    period: Period
    order_type: str
    quantity: int
    now: Outlook
    then: Outlook
    waits: bool
    paid_peak: int
    headroom: int
    free: int
    at: datetime

    @property
    def next_period(self) -> Period:
        return next_month(self.period)

    @property
    def more_cost(self) -> Decimal:
        """What this month costs more by the order; never less: a peak that was reached stays."""
        return self.then.cost - self.now.cost

    @property
    def raises_peak(self) -> bool:
        return self.then.peak > self.now.peak

    @property
    def hurts(self) -> bool:
        """Does it cost so much that pressing a button is too little? Nothing takes a peak back."""
        if not self.product.unit_price:
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
    def month_ends_soon(self) -> bool:
        """Is waiting for the next month worth a thought (ORDER_WAIT_DAYS)?"""
        return self.at >= self.period.end - timedelta(days=settings.ORDER_WAIT_DAYS)

    @property
    def good_to_know(self) -> str:
        """How many more cost nothing until the month turns, or until when fewer save anything; "" for neither."""
        if self.increment:
            return _headroom_words(self) if self.headroom else ""
        return "" if self.too_few else _floor_words(self)

    @property
    def ways(self) -> "list[Way]":
        """What would be cheaper, the cheapest first."""
        return [] if self.too_few else list(_ways(self))

    @property
    def seen(self) -> str:
        """What a person who saw this forecast agreed to."""
        return f"{self.product.pk}:{self.order_type}:{self.quantity}:{self.then.peak}:{int(self.waits)}"


def forecast(
    usage: Usage, order_type: str, quantity: int, *, free: int | None = None, now: datetime | None = None
) -> Forecast:
    """`quantity` from 1; `free` of products that nobody else takes, all that are free where it is None.

    Raises nothing: what is not allowed is told (`too_few`, `waits`) and stopped by the verb.
    """
    product = usage.product
    signed = quantity if order_type == Order.Type.INCREMENT else -quantity
    return Forecast(
        product,
        usage.period,
        order_type,
        quantity,
        now=_outlook(usage, 0),
        then=_outlook(usage, signed),
        waits=signed > 0 and over_limit(product, usage.level + usage.arriving + signed),
        paid_peak=usage.peak.proven.value,
        headroom=usage.headroom,
        free=max(0, free_of(product)) if free is None else free,
        at=now or timezone.now(),
    )


def _outlook(usage: Usage, signed: int) -> Outlook:
    """Reductions never lower a peak, and lower what the next month opens with."""
    price = usage.product.unit_price
    highest = max(usage.peak.at_most, usage.level + usage.arriving + max(signed, 0))
    following = max(0, usage.level + usage.arriving - usage.leaving + signed)
    return Outlook(usage.level + signed, highest, price * highest, following, price * following)


def over_limit(product: Product, level: int) -> bool:
    """Is `level` worth more a month than what was agreed with the vendor? Never, while price or limit are not known."""
    return product.limit_eur is not None and product.unit_price * level > product.limit_eur


def most_within_limit(product: Product) -> int | None:
    """The highest level within the agreed limit; None while price or limit are not known."""
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
    if told.raises_peak and told.headroom:
        yield Way(_fits_words(told), told.headroom)
    if told.raises_peak and told.month_ends_soon:
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


def _fits_words(told: Forecast) -> str:
    text = ngettext(
        "Ordering only %(n)s costs nothing this month: it fits under the peak of %(peak)s.",
        "Ordering only %(n)s costs nothing this month: they fit under the peak of %(peak)s.",
        told.headroom,
    )
    return text % {"n": number(told.headroom), "peak": number(told.paid_peak)}


def _wait_words(told: Forecast) -> str:
    turn = _turn(told)
    if not told.product.unit_price:
        return _("Ordered from %(turn)s on, it leaves this month's peak as it is.") % {"turn": turn}
    return _("Ordered from %(turn)s on, it costs %(more)s less: this month is not charged for it.") % {
        "turn": turn,
        "more": money(told.more_cost),
    }


def _headroom_words(told: Forecast) -> str:
    text = ngettext(
        "%(n)s more costs nothing until %(day)s: the peak is already %(peak)s.",
        "%(n)s more cost nothing until %(day)s: the peak is already %(peak)s.",
        told.headroom,
    )
    return text % {"n": number(told.headroom), "day": _day(told), "peak": number(told.paid_peak)}


def _floor_words(told: Forecast) -> str:
    words = {"turn": _turn(told), "saving": money(told.saves_next)}
    if not told.product.unit_price:
        return _("Do it before %(turn)s, so that the next month opens lower.") % words
    return _("Do it before %(turn)s: from then on it saves %(saving)s a month.") % words


def _day(told: Forecast) -> str:
    """When the month turns, by the calendar that is charged by: "1 December"."""
    return date_format(told.period.end.astimezone(BILLING_ZONE), "j F")


def _turn(told: Forecast) -> str:
    """ "1 December, 00:00"."""
    return date_format(told.period.end.astimezone(BILLING_ZONE), "j F, H:i")
