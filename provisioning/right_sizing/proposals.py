"""How many products nobody needs, and what the next month would cost less without them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import BigIntegerField, F, OuterRef, Subquery, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from portal.billing.lines import following
from portal.billing.terms import ONE_DAY, Terms, first_day_of
from portal.bulk.models import Batch
from portal.notices.watching import State
from provisioning.forecast import free_of
from provisioning.models import Product, ProductQuerySet, SizingPlan
from provisioning.right_sizing.window import Window, window_of
from provisioning.terms import terms_of_product, with_terms

IMPORT = "provisioning.create_subscribers"
LONGEST_MONTH = timedelta(days=32)


@dataclass(frozen=True)
class Proposal:
    """What could be removed of `product` (as `sizable` reads it) by now."""

    product: Product
    window: Window
    margin: int
    terms: Terms

    @property
    def arriving(self) -> int:
        """By orders on their way: somebody wants them, so they are not spare."""
        return self.product.arriving  # type: ignore[attr-defined]

    @property
    def leaving(self) -> int:
        return self.product.leaving  # type: ignore[attr-defined]

    @property
    def importing(self) -> int:
        """Rows of running imports that will take a product and have not been promised one yet."""
        return self.product.importing  # type: ignore[attr-defined]

    @property
    def promised(self) -> int:
        """Subscribers that are asked for and not made yet."""
        return self.product.promised  # type: ignore[attr-defined]

    @property
    def spare(self) -> int:
        """Total less what is in use, promised, asked for by imports or leaving already, and less the margin."""
        return max(0, free_of(self.product) - self.importing - self.margin)

    @property
    def next_opening(self) -> int:
        """The level that the next month opens with when they are removed."""
        inventory = self.product.inventory
        return inventory.total + self.arriving - self.leaving - self.spare

    @property
    def saving(self) -> Decimal | None:
        """EUR that the next month costs less, if nothing is ordered in it; None where no price was agreed for it."""
        first = following(first_day_of(self.window.month))
        if not self.terms.agreed(first):
            return None
        return self.terms.cost(self.next_opening + self.spare, first) - self.terms.cost(self.next_opening, first)


def sizable() -> ProductQuerySet:
    """Products as `for_desk` reads them, with `importing`: rows of running imports no subscriber was promised for yet."""
    wanted = Cast(KeyTextTransform("product", "options"), BigIntegerField())
    left = F("checked") - F("bad") - F("promised") - F("refused") - F("undone")
    running = Batch.objects.filter(kind=IMPORT, state=Batch.State.RUNNING).annotate(wanted=wanted)
    mine = running.filter(wanted=OuterRef("pk")).order_by().values("kind")
    return Product.objects.for_desk().annotate(importing=Coalesce(Subquery(mine.annotate(n=Sum(left)).values("n")), 0))


def proposal_of(product: Product, now: datetime, terms: Terms | None = None) -> Proposal:
    """By the mirror, the promises and the imports when `product` was read by `sizable`; no margin where none is set.

    `terms` are read where they are not given.
    """
    terms = terms_of_product(product, now) if terms is None else terms
    return Proposal(product, window_of(now, terms), product.right_size_margin or 0, terms)


def proposals_to_tell(now: datetime) -> Iterator[State]:
    """Of all active tenants, in the last days of the month: what could be saved, and nobody has decided about.

    Where a price is known and nothing would be saved, nothing is told.
    """
    if not _near_anywhere(now):
        return
    wanted = with_terms(sizable(), now).filter(
        right_size_margin__isnull=False, tenant__state="active", connection__enabled=True
    )
    decided = _decided(now)
    for product in wanted.filter(inventory__isnull=False):
        proposal = proposal_of(product, now)
        month = proposal.window.month
        open_to_decide = proposal.window.near(now) and (product.pk, month.start) not in decided
        if open_to_decide and proposal.spare and proposal.saving != 0:
            yield State(product.tenant_id, f"{product.pk}:{month.start:%Y-%m-%d}", _told(proposal), product)


def _near_anywhere(now: datetime) -> bool:
    """Spares the reading on most days: months end within a day of each other all over the world."""
    moments = (now - ONE_DAY, now, now + ONE_DAY)
    return any(window_of(moment).near(moment) for moment in moments)


def _decided(now: datetime) -> set[tuple[int, datetime]]:
    """(product, month's start) of all plans for the running months, whatever became of them."""
    plans = SizingPlan.objects.filter(month_start__gte=now - LONGEST_MONTH)
    return set(plans.values_list("product_id", "month_start"))


def _told(proposal: Proposal) -> dict[str, object]:
    return {
        "product": proposal.product.name,
        "connection": proposal.product.connection_id,
        "spare": proposal.spare,
        "saving": None if proposal.saving is None else str(proposal.saving),
        "until": proposal.window.closes_at.isoformat(),
    }
