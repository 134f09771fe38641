"""How an approved removal is placed, followed and reckoned: a row that is its own queue (`portal.turns`).

Each step is a transaction that holds the plan's row, and the order's form key is made from the plan: whoever dies, and however
many workers try, it is ordered once.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import NAMESPACE_OID, UUID, uuid5

from django.utils import timezone
from django.utils.translation import gettext_noop as _

from portal import turns
from portal.audit.trail import record
from portal.billing.peaks import Period
from portal.operations import engine
from portal.operations.models import Operation, Status
from portal.operations.promises import AlreadySubmitted
from portal.sentences import Sentence
from provisioning import notices
from provisioning.models import InventoryChange, Order, Product, SizingPlan
from provisioning.operations import NotPromised, order_products
from provisioning.right_sizing.obstacles import Obstacle, none_spare, obstacle_to, refused_here
from provisioning.right_sizing.proposals import proposal_of, sizable
from provisioning.terms import terms_of_product
from provisioning.usage import Usage, usage_of

State = SizingPlan.State

SHORTLY = timedelta(seconds=1)
FOLLOWED_AFTER = timedelta(minutes=5)
RECKONED_AFTER = timedelta(hours=6)
# What the vendor tells late still counts for the month that is over.
LATE = timedelta(days=1)

NOT_IN_TIME = _("The window was over before it could be placed. Nothing was removed.")
WITHDRAWN = _("The month ended before it could be sent, so it was withdrawn. Nothing was removed.")
REJECTED = _("The vendor rejected the order. The inventory is as it was.")
NOT_PLACED = _("The order was not carried out. The inventory is as it was.")
FULFILLED_LATE = _(
    "The vendor carried the order out after the month had ended, so the next month opened with the products."
)
FEWER = _("Approved: %(approved)s. Still spare when it was ordered: %(spare)s.")


def due_plans() -> list[tuple[int, int]]:
    """(tenant, plan) of all that has to be looked at now, over all tenants."""
    return turns.due(SizingPlan)


def take_turn(tenant_id: int, pk: int, now: datetime | None = None) -> None:
    """Take the next step of a plan, if nobody else does and its time has come."""
    turns.take_turn(SizingPlan, tenant_id, pk, lambda plan: _step(plan, now or timezone.now()))


def _step(plan: SizingPlan, now: datetime) -> timedelta | None:
    match plan.state:
        case State.PLANNED:
            return _place(plan, now)
        case State.PLACED:
            return _follow(plan, now)
        case State.SAVING:
            return _reckon(plan, now)
    return None


# --- Placing ------------------------------------------------------------------------------------------------------


def _place(plan: SizingPlan, now: datetime) -> timedelta | None:
    if now < plan.opens_at:
        return plan.opens_at - now
    if now >= plan.closes_at:
        _end(plan, State.NOTHING, plan.reason or Sentence(NOT_IN_TIME))
        return None
    if not _hold(plan.product_id):
        return SHORTLY
    product = sizable().get(pk=plan.product_id)
    if obstacle := obstacle_to(product, now):
        return _wait(plan, obstacle)
    proposal = proposal_of(product, now)
    quantity = min(plan.quantity, proposal.spare)
    if not quantity:
        return _wait(plan, none_spare(proposal.margin))
    try:
        order = _ordered(plan, product, quantity)
    except NotPromised as refusal:
        return _wait(plan, refused_here(refusal.sentence))
    return _placed(plan, order)


def _hold(product_id: int) -> bool:
    """Whether nobody else decides about the product just now; from here on whoever wants to change its margin waits.

    Does not wait itself: who switches right-sizing off holds the product and waits for the plan.
    """
    products = Product.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    return products.filter(pk=product_id).first() is not None


def _ordered(plan: SizingPlan, product: Product, quantity: int) -> Order:
    try:
        return order_products(
            product, Order.Type.DECREMENT, quantity, form_key=_key_of(plan), acting_user=plan.approved_by
        )
    except AlreadySubmitted as earlier:
        return Order.objects.get(operation=earlier.operation)


def _key_of(plan: SizingPlan) -> UUID:
    return uuid5(NAMESPACE_OID, f"sizing-plan:{plan.tenant_id}:{plan.pk}")


def _placed(plan: SizingPlan, order: Order) -> timedelta:
    fewer = Sentence(FEWER, {"approved": plan.quantity, "spare": order.quantity})
    plan.state, plan.order = State.PLACED, order
    plan.why = fewer.as_json() if order.quantity < plan.quantity else {}
    plan.save(update_fields=["state", "order", "why"])
    record(
        "provisioning.right_sizing_placed",
        plan,
        after={"approved": plan.quantity, "quantity": order.quantity},
        on_behalf_of=plan.approved_by,
        acting_user=None,
    )
    notices.right_sizing_placed(plan)
    return FOLLOWED_AFTER


def _wait(plan: SizingPlan, obstacle: Obstacle) -> timedelta:
    """Told when it is still in the way at the next look: most obstacles are gone by then."""
    lasting = plan.why.get("code") == obstacle.code
    plan.why = {**obstacle.why.as_json(), "code": obstacle.code}
    plan.save(update_fields=["why"])
    if lasting:
        notices.right_sizing_blocked(plan, obstacle.code)
    return obstacle.again


def _end(plan: SizingPlan, state: State, why: Sentence) -> None:
    """It comes to nothing for the month that it was meant for."""
    plan.state, plan.why = state, why.as_json()
    plan.save(update_fields=["state", "why"])
    record(
        "provisioning.right_sizing_ended",
        plan,
        after={"state": plan.state, "why": why.text % why.values},
        on_behalf_of=plan.approved_by,
        acting_user=None,
    )
    notices.right_sizing_in_vain(plan)


# --- Following the order ------------------------------------------------------------------------------------------


def _follow(plan: SizingPlan, now: datetime) -> timedelta | None:
    order = plan.order
    assert order is not None, "what is placed has its order"
    if order.on_its_way:
        return _on_its_way(plan, order, now)
    if order.status == Order.Status.REJECTED:
        _end(plan, State.FAILED, Sentence(REJECTED))
        return None
    if order.status == Order.Status.FAILED:
        _end(plan, State.FAILED, Sentence(NOT_PLACED))
        return None
    return _fulfilled(plan, order, now)


def _on_its_way(plan: SizingPlan, order: Order, now: datetime) -> timedelta | None:
    """After the month's end it would save nothing of what was approved: what has not left is withdrawn."""
    if now >= plan.month_end and _withdrawn(order):
        _end(plan, State.FAILED, Sentence(WITHDRAWN))
        return None
    if now < plan.month_end:
        return min(FOLLOWED_AFTER, plan.month_end - now)
    return FOLLOWED_AFTER


def _withdrawn(order: Order) -> bool:
    operation = Operation.objects.select_for_update(of=("self",)).get(order=order)
    if operation.status != Status.WAITING:
        return False
    engine.end_without_effect(operation, Status.CANCELLED, "", WITHDRAWN)
    return True


def _fulfilled(plan: SizingPlan, order: Order, now: datetime) -> timedelta | None:
    change = InventoryChange.objects.filter(order=order).first()
    if change is None:
        return FOLLOWED_AFTER
    if (change.vendor_at or change.recorded_at) >= plan.month_end:
        plan.saved_eur, plan.reckoned_at = Decimal(0), now
        plan.save(update_fields=["saved_eur", "reckoned_at"])
        _end(plan, State.DONE, Sentence(FULFILLED_LATE))
        return None
    if now < plan.month_end:
        return plan.month_end - now
    plan.state = State.SAVING
    plan.save(update_fields=["state"])
    return _reckon(plan, now)


# --- What was saved -----------------------------------------------------------------------------------------------


def _reckon(plan: SizingPlan, now: datetime) -> timedelta | None:
    """The following month as it was, against one that had opened with what was removed; final when that month is over."""
    product = Product.objects.for_desk().get(pk=plan.product_id)
    terms = terms_of_product(product, plan.month_end)
    month = terms.month(plan.month_end)
    following = Period(plan.month_end, month.end, month.zone)
    over = now >= following.end + LATE
    plan.saved_eur, plan.reckoned_at = _saved(plan, usage_of(product, following, on_their_way=[], terms=terms)), now
    plan.state = State.DONE if over else State.SAVING
    plan.save(update_fields=["saved_eur", "reckoned_at", "state"])
    return None if over else RECKONED_AFTER


def _saved(plan: SizingPlan, following: Usage | None) -> Decimal | None:
    """EUR, by the terms of the following month. What had to be ordered again in it would have been there: it saved nothing."""
    if following is None or not following.priced:
        return None
    unsized = following.opening + plan.removed
    if unsized <= following.peak.proven.value:
        return Decimal(0)
    return following.terms.cost(unsized, following.first) - following.cost
