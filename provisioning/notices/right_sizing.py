"""Spare products: proposed, being removed, waiting, or not removed after all."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.notices.models import Notice
from portal.notices.raising import raise_notice, resolve_notices
from portal.notices.registry import Kind, Words
from portal.sentences import Sentence
from provisioning.models import SizingPlan
from provisioning.notices.wording import GROUP, MONEY, eur, moment_said


def right_sizing_placed(plan: SizingPlan) -> None:
    """The portal has ordered what was approved, or as much of it as is still spare."""
    right_sizing_over(plan)
    args = {**_sizing_args(plan), "approved": plan.quantity, "quantity": plan.removed}
    raise_notice(SIZED, plan.tenant_id, plan.pk, args, subject=plan.product)


def right_sizing_blocked(plan: SizingPlan, code: str) -> None:
    """What was approved cannot be placed for now; `plan.why` says why. Each reason (`code`) is told once."""
    raise_notice(SIZING_BLOCKED, plan.tenant_id, f"{plan.pk}:{code}", _sizing_args(plan), subject=plan.product)


def right_sizing_in_vain(plan: SizingPlan) -> None:
    """What was approved came to nothing; `plan.why` says why."""
    right_sizing_over(plan)
    raise_notice(SIZING_IN_VAIN, plan.tenant_id, plan.pk, _sizing_args(plan), subject=plan.product)


def right_sizing_over(plan: SizingPlan) -> None:
    """It is waited for no longer: placed, cancelled or given up."""
    resolve_notices(SIZING_BLOCKED, plan.tenant_id, plan.pk)


def _sizing_args(plan: SizingPlan) -> dict[str, Any]:
    return {
        "product": plan.product.name,
        "connection": plan.product.connection_id,
        "why": plan.why,
        "until": plan.closes_at.isoformat(),
    }


# --- Words -----------------------------------------------------------------------------------------------------------


def _spare_words(args: Mapping[str, Any]) -> Words:
    spare, saving = int(args["spare"]), args["saving"]
    title = ngettext(
        "%(spare)s of %(product)s is spare: remove it before the month ends?",
        "%(spare)s of %(product)s are spare: remove them before the month ends?",
        spare,
    )
    values = {"saving": eur(saving) if saving else "", "until": moment_said(args["until"])}
    text = _("Nothing is removed without an approval, until %(until)s.")
    if saving:
        text = _("The next month costs %(saving)s less then. Nothing is removed without an approval, until %(until)s.")
    return Words(title % {"spare": spare, "product": args["product"]}, text % values)


def _sized_words(args: Mapping[str, Any]) -> Words:
    quantity = int(args["quantity"])
    title = ngettext(
        "%(quantity)s spare product of %(product)s is being removed",
        "%(quantity)s spare products of %(product)s are being removed",
        quantity,
    )
    return Words(title % {"quantity": quantity, "product": args["product"]}, str(Sentence.from_json(args["why"])))


def _blocked_words(args: Mapping[str, Any]) -> Words:
    values = {"why": str(Sentence.from_json(args["why"])), "until": moment_said(args["until"])}
    return Words(
        _("The approved removal of %(product)s has to wait") % args,
        _("%(why)s It is tried again until %(until)s.") % values,
    )


def _in_vain_words(args: Mapping[str, Any]) -> Words:
    title = _("The approved removal of %(product)s came to nothing") % args
    return Words(title, str(Sentence.from_json(args["why"])))


def _right_sizing(notice: Notice, slug: str) -> str:
    query = f"connection={notice.args['connection']}&product={notice.subject_id}"
    return f"{reverse('provisioning:right_sizing', args=[slug])}?{query}"


SPARE = Kind(
    "provisioning.right_sizing_proposed",
    gettext_lazy("Products are spare before the month ends"),
    GROUP,
    _spare_words,
    _right_sizing,
    gettext_lazy("See the proposal"),
    doors=MONEY,
    icon="report-money",
    needs_you=True,
    calm=timedelta(hours=1),
)
SIZED = Kind(
    "provisioning.right_sizing_placed",
    gettext_lazy("Spare products are being removed"),
    GROUP,
    _sized_words,
    _right_sizing,
    gettext_lazy("See what is saved"),
    doors=MONEY,
    icon="report-money",
    tone="success",
)
SIZING_BLOCKED = Kind(
    "provisioning.right_sizing_blocked",
    gettext_lazy("An approved removal has to wait"),
    GROUP,
    _blocked_words,
    _right_sizing,
    gettext_lazy("See why"),
    doors=MONEY,
    icon="hourglass",
    tone="warning",
    needs_you=True,
)
SIZING_IN_VAIN = Kind(
    "provisioning.right_sizing_in_vain",
    gettext_lazy("An approved removal came to nothing"),
    GROUP,
    _in_vain_words,
    _right_sizing,
    gettext_lazy("See why"),
    doors=MONEY,
    icon="circle-x",
    tone="warning",
)
KINDS = [SPARE, SIZED, SIZING_BLOCKED, SIZING_IN_VAIN]
