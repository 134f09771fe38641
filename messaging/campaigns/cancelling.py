"""What is cancelled never leaves, keeps its place in the counts, and gives back what was set aside for it."""

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal

from django.db.models import Count, Sum

from messaging.campaigns import batches, guards
from messaging.models import Batch, Campaign, Destination, Message, MessageState

M = MessageState
CENT = Decimal("0.01")


def cancel_batches(campaign: Campaign, some: Sequence[Batch]) -> None:
    """Locked batches of which nothing has left."""
    leaving = Message.objects.filter(batch__in=some, state__in=[M.PLANNED, M.WAITING])
    by_country = list(leaving.values("country").annotate(number=Count("pk"), parts=Sum("parts")))
    batches.move(some, [M.PLANNED, M.WAITING], M.CANCELLED)
    batches.write(some, state=Batch.State.CANCELLED)
    prices = _prices(campaign)
    eur = sum((prices.get(each["country"], Decimal(0)) * each["parts"] for each in by_country), Decimal(0))
    guards.give_back(campaign, sum(each["number"] for each in by_country), _at_most(campaign, eur))


def _prices(campaign: Campaign) -> dict[str, Decimal]:
    agreed = Destination.objects.filter(connection=campaign.connection_id).exclude(unit_price=None)
    return {each.country: each.unit_price for each in agreed if each.unit_price is not None}


def _at_most(campaign: Campaign, eur: Decimal) -> Decimal:
    """Never more than was set aside, were a price to rise meanwhile; a cent too little holds no bound open."""
    return min(eur.quantize(CENT, ROUND_DOWN), campaign.eur or Decimal(0))
