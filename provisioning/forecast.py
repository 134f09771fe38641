"""What an order would do to stock, peak and cost, told before it is placed."""

from dataclasses import dataclass
from decimal import Decimal

from portal.billing.months import next_month
from portal.billing.peaks import Period
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
    decide about it.
    """

    product: Product
    period: Period
    order_type: str
    quantity: int
    now: Outlook
    then: Outlook
    waits: bool

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
    def seen(self) -> str:
        """What a person who saw this forecast agreed to."""
        return f"{self.product.pk}:{self.order_type}:{self.quantity}:{self.then.peak}:{int(self.waits)}"


def forecast(usage: Usage, order_type: str, quantity: int) -> Forecast:
    """`quantity` from 1. Raises nothing: what is not allowed is told (`too_few`, `waits`) and stopped by the verb."""
    product = usage.product
    signed = quantity if order_type == Order.Type.INCREMENT else -quantity
    waits = signed > 0 and over_limit(product, usage.level + usage.arriving + signed)
    return Forecast(product, usage.period, order_type, quantity, _outlook(usage, 0), _outlook(usage, signed), waits)


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
