"""What a person decides about right-sizing. Each function is one transaction with its audit entry."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from portal.audit.trail import record
from portal.operations.promises import wait_for_twin
from provisioning import notices
from provisioning.models import Product, SizingPlan
from provisioning.operations import NotPromised
from provisioning.right_sizing.proposals import Proposal, proposal_of, sizable

State = SizingPlan.State


@transaction.atomic
def set_margin(product: Product, margin: int | None, *, acting_user: Any) -> Product:
    """Keep how many products stay free when the others are removed; None switches right-sizing off.

    Switched off, what was approved and not placed yet is cancelled. Writes nothing when it is as it was.
    """
    locked = Product.objects.select_for_update(of=("self",), no_key=True).get(pk=product.pk)
    if locked.right_size_margin == margin:
        return locked
    before, locked.right_size_margin = locked.right_size_margin, margin
    locked.save(update_fields=["right_size_margin"])
    act = "provisioning.right_sizing_set"
    record(act, locked, before={"margin": before}, after={"margin": margin}, acting_user=acting_user)
    if margin is None:
        for plan in SizingPlan.objects.select_for_update(of=("self",)).filter(product=locked, state=State.PLANNED):
            _cancel(plan, acting_user)
    return locked


@transaction.atomic
def approve(
    product: Product, quantity: int, *, form_key: UUID, now: datetime | None = None, acting_user: Any
) -> SizingPlan:
    """Have up to `quantity` products removed before this month ends; the same form again gives the same plan.

    Raises NotPromised when it is switched off, too late or decided already, and when fewer are spare.
    """
    now = now or timezone.now()
    wait_for_twin(product.tenant_id, form_key)
    if earlier := SizingPlan.objects.filter(tenant_id=product.tenant_id, form_key=form_key).first():
        return earlier
    # Whoever approves or switches off at the same moment waits here.
    Product.objects.select_for_update(of=("self",), no_key=True).get(pk=product.pk)
    proposal = proposal_of(sizable().get(pk=product.pk), now)
    _check(proposal, quantity, now)
    plan = _planned(proposal, quantity, form_key, now, acting_user)
    record("provisioning.right_sizing_approved", plan, after=_terms(plan), acting_user=acting_user)
    return plan


@transaction.atomic
def cancel(plan: SizingPlan, *, acting_user: Any) -> SizingPlan:
    """Take back what has not been ordered yet. Raises NotPromised when it has, or is over."""
    locked = SizingPlan.objects.select_for_update(of=("self",)).get(pk=plan.pk)
    if not locked.cancellable:
        raise NotPromised(_("It is ordered or over already, so it can no longer be cancelled."))
    return _cancel(locked, acting_user)


def _check(proposal: Proposal, quantity: int, now: datetime) -> None:
    product, window, spare = proposal.product, proposal.window, proposal.spare
    if product.right_size_margin is None:
        raise NotPromised(_("Right-sizing is switched off for this product."))
    if window.over(now):
        raise NotPromised(_("It is too late for this month: the vendor may need some hours. Nothing was planned."))
    if SizingPlan.objects.live().filter(product=product, month_start=window.month.start).exists():
        raise NotPromised(_("Somebody has approved a removal for this month already."))
    if not 1 <= quantity <= spare:
        raise NotPromised(
            _(
                "It changed meanwhile: %(spare)s products are spare now. Look at the proposal again; nothing was planned."
            ),
            spare=spare,
        )


def _planned(proposal: Proposal, quantity: int, form_key: UUID, now: datetime, acting_user: Any) -> SizingPlan:
    product, window = proposal.product, proposal.window
    return SizingPlan.objects.create(
        tenant_id=product.tenant_id,
        product=product,
        month_start=window.month.start,
        month_end=window.month.end,
        opens_at=window.opens_at,
        closes_at=window.closes_at,
        quantity=quantity,
        unit_price=product.unit_price,
        form_key=form_key,
        approved_by=acting_user,
        approved_at=now,
        due_at=max(now, window.opens_at),
    )


def _cancel(plan: SizingPlan, acting_user: Any) -> SizingPlan:
    plan.state, plan.cancelled_by, plan.due_at = State.CANCELLED, acting_user, None
    plan.save(update_fields=["state", "cancelled_by", "due_at"])
    record("provisioning.right_sizing_cancelled", plan, before=_terms(plan), acting_user=acting_user)
    notices.right_sizing_over(plan)
    return plan


def _terms(plan: SizingPlan) -> dict[str, Any]:
    return {
        "product": plan.product.name,
        "quantity": plan.quantity,
        "from": plan.opens_at.isoformat(),
        "until": plan.closes_at.isoformat(),
    }
