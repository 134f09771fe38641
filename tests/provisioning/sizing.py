"""What the tests of right-sizing do and look at: the window that is open now, the worker's turns, what reached the vendor."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from django.db import connection as database
from django.utils import timezone

from portal.billing.months import month_of
from portal.notices.models import Notice
from provisioning import right_sizing
from provisioning.models import Order, SizingPlan

MONTH = month_of(timezone.now())
EARLY = MONTH.start + timedelta(days=10)


def open_window(video, **more) -> None:
    """Now lies in the window of every plan, and its turn has come."""
    now = timezone.now()
    hour = timedelta(hours=1)
    moved = {"opens_at": now - hour, "closes_at": now + hour, "month_end": now + 2 * hour, "due_at": now}
    with video.scope():
        SizingPlan.objects.update(**{**moved, **more})


def turn(video, now=None) -> SizingPlan:
    """The worker's next look, whenever it is planned for."""
    with video.scope():
        SizingPlan.objects.exclude(due_at=None).update(due_at=timezone.now(), lease_until=None)
        plan = SizingPlan.objects.latest("pk")
    right_sizing.take_turn(plan.tenant_id, plan.pk, now)
    return as_it_is(video)


def as_it_is(video) -> SizingPlan:
    with video.scope():
        return SizingPlan.objects.select_related("order", "product").latest("pk")


def spare_of(video) -> int:
    with video.scope():
        product = right_sizing.sizable().get(connection=video.connection)
        return right_sizing.proposal_of(product, EARLY).spare


def decrements(video) -> list[int]:
    return [order.quantity for order in video.orders() if order.type == Order.Type.DECREMENT]


def taken_by_the_vendor(video) -> list[int]:
    """Quantities of the decrements that really reached it."""
    facts = [effect["facts"] for effect in video.control.ledger(video.client_id, kind="order_taken")]
    return [fact["quantity"] for fact in facts if fact["type"] == "decrement"]


def told(video, kind: str) -> list[bool]:
    """Whether each notice of this kind is over."""
    with video.scope():
        return [notice.over for notice in Notice.objects.filter(kind=f"provisioning.{kind}").order_by("pk")]


def at_once(act, each) -> None:
    """`act` for each, in threads that start together."""
    each = list(each)
    barrier = Barrier(len(each))

    def run(one) -> None:
        try:
            barrier.wait(10)
            act(one)
        finally:
            database.close()

    with ThreadPoolExecutor(len(each)) as pool:
        list(pool.map(run, each))
