"""How many products nobody needs, and what the next month would cost less without them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import BigIntegerField, Exists, F, OuterRef, Subquery, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from portal.bulk.models import Batch
from portal.notices.watching import State
from provisioning.forecast import free_of
from provisioning.models import Product, ProductQuerySet, SizingPlan
from provisioning.right_sizing.window import Window, window_of

IMPORT = "provisioning.create_subscribers"


@dataclass(frozen=True)
class Proposal:
    """What could be removed of `product` (as `sizable` reads it) by now."""

    product: Product
    window: Window
    margin: int

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
        """EUR of the next month, if nothing is ordered in it; None where no price is known."""
        return self.product.unit_price * self.spare if self.product.unit_price else None


def sizable() -> ProductQuerySet:
    """Products as `for_desk` reads them, with `importing`: rows of running imports no subscriber was promised for yet."""
    wanted = Cast(KeyTextTransform("product", "options"), BigIntegerField())
    left = F("checked") - F("bad") - F("promised") - F("refused") - F("undone")
    running = Batch.objects.filter(kind=IMPORT, state=Batch.State.RUNNING).annotate(wanted=wanted)
    mine = running.filter(wanted=OuterRef("pk")).order_by().values("kind")
    return Product.objects.for_desk().annotate(importing=Coalesce(Subquery(mine.annotate(n=Sum(left)).values("n")), 0))


def proposal_of(product: Product, now: datetime) -> Proposal:
    """By the mirror, the promises and the imports when `product` was read by `sizable`; no margin where none is set."""
    return Proposal(product, window_of(now), product.right_size_margin or 0)


def proposals_to_tell(now: datetime) -> Iterator[State]:
    """Of all active tenants, in the last days of the month: what could be saved, and nobody has decided about."""
    window = window_of(now)
    if not window.near(now):
        return
    decided = SizingPlan.objects.filter(product=OuterRef("pk"), month_start=window.month.start)
    wanted = sizable().filter(right_size_margin__isnull=False, tenant__state="active", connection__enabled=True)
    for product in wanted.filter(~Exists(decided), inventory__isnull=False):
        proposal = proposal_of(product, now)
        if proposal.spare:
            yield State(product.tenant_id, f"{product.pk}:{window.month.start:%Y-%m-%d}", _told(proposal), product)


def _told(proposal: Proposal) -> dict[str, object]:
    return {
        "product": proposal.product.name,
        "connection": proposal.product.connection_id,
        "spare": proposal.spare,
        "saving": None if proposal.saving is None else str(proposal.saving),
        "until": proposal.window.closes_at.isoformat(),
    }
