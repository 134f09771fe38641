"""Why an approved removal is not placed just now. What is not certain is not done."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext_noop as _

from portal.operations.models import HOLDING, STUCK, Operation
from portal.sentences import Sentence
from provisioning.models import MirrorState, Product
from provisioning.refresh import refresh

SOON = timedelta(minutes=1)
LATER = timedelta(minutes=10)

SWITCHED_OFF = _("The connection is switched off. Switch it on, and it is placed.")
STALE = _("The stock has not been read from the vendor for too long, so it is not certain how many products are spare.")
UNDER_WAY = _("Another operation on this product is on its way to the vendor; it is waited for.")
UNKNOWN = _("The outcome of another operation on this product is unknown, so it is not certain how many are spare.")
NEEDS_PERSON = _("Another operation on this product needs a person's decision first.")
NONE_SPARE = _("All products are in use, promised or part of the margin of %(margin)s: none is spare now.")


@dataclass(frozen=True)
class Obstacle:
    """Looked at again after `again`. `code` tells obstacles of one plan apart."""

    code: str
    why: Sentence
    again: timedelta


def obstacle_to(product: Product, now: datetime) -> Obstacle | None:
    """Why nothing may be removed of `product` (as `sizable` reads it) now. A stale mirror is asked to be read."""
    if not product.connection.enabled:
        return Obstacle("switched_off", Sentence(SWITCHED_OFF), LATER)
    if found := _in_the_lane(product):
        return found
    if now - product.inventory.read_at > timedelta(seconds=settings.RIGHT_SIZING_MIRROR_SECONDS):
        mirror = MirrorState.objects.get(connection_id=product.connection_id)
        if not mirror.awaited:
            refresh(product.connection)
        return Obstacle("stale", Sentence(STALE), SOON)
    return None


def none_spare(margin: int) -> Obstacle:
    return Obstacle("none_spare", Sentence(NONE_SPARE, {"margin": margin}), LATER)


def refused_here(why: Sentence) -> Obstacle:
    """The verb stopped it: something changed between reckoning and ordering."""
    return Obstacle("not_promised", why, SOON)


def _in_the_lane(product: Product) -> Obstacle | None:
    lane = Operation.objects.in_lane(product.connection_id, product.lane)
    status = lane.filter(status__in=HOLDING).values_list("status", flat=True).first()
    if status is None:
        return None
    if status not in STUCK:
        return Obstacle("under_way", Sentence(UNDER_WAY), SOON)
    return Obstacle(status, Sentence(NEEDS_PERSON if status == STUCK[1] else UNKNOWN), LATER)
