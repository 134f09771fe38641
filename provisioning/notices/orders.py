"""Orders that the vendor fulfilled, rejected, leaves pending, or takes many days for."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.notices.models import Notice
from portal.notices.raising import raise_notice
from portal.notices.registry import Kind, Mail, Words
from portal.notices.watching import State
from provisioning.models import Order
from provisioning.notices.wording import GROUP, MONEY, moment_said, order_said


def order_moved(order: Order, before: str) -> None:
    """The vendor says that an order, `before` of another status, was fulfilled or rejected. In the caller's transaction."""
    if order.status == before:
        return
    if order.status == Order.Status.FULFILLED:
        raise_notice(FULFILLED, order.tenant_id, order.pk, order_args(order), subject=order)
    elif order.status == Order.Status.REJECTED:
        raise_notice(REJECTED, order.tenant_id, order.pk, order_args(order), subject=order)


def stuck_orders(now: datetime) -> Iterator[State]:
    """Pending at the vendor for longer than ORDER_PATIENCE_SECONDS."""
    since = now - timedelta(seconds=settings.ORDER_PATIENCE_SECONDS)
    pending = Order.objects.filter(status=Order.Status.PENDING, created_at__lt=since, tenant__state="active")
    for order in pending.select_related("product"):
        yield State(order.tenant_id, order.pk, order_args(order), order)


def order_args(order: Order) -> dict[str, Any]:
    """What the words say of an order; its product is read already."""
    return {
        "type": order.type,
        "quantity": order.quantity,
        "product": order.product.name,
        "number": order.number,
        "ordered": order.created_at.isoformat(),
    }


# --- Words -----------------------------------------------------------------------------------------------------------


def _fulfilled_words(args: Mapping[str, Any]) -> Words:
    return Words(_("The order %(order)s is fulfilled") % {"order": order_said(args)}, _number(args))


def _rejected_words(args: Mapping[str, Any]) -> Words:
    return Words(
        _("The vendor rejected the order %(order)s") % {"order": order_said(args)},
        _("The inventory is as it was. Ask the vendor why, then order anew if it is still wanted."),
    )


def _stuck_words(args: Mapping[str, Any]) -> Words:
    return Words(
        _("The order %(order)s is still pending at the vendor") % {"order": order_said(args)},
        _("It was placed on %(when)s. Ask the vendor about it; do not order again, or it may be charged twice.")
        % {"when": moment_said(args["ordered"])},
    )


def _overdue_words(args: Mapping[str, Any]) -> Words:
    days = int(args["days"])
    title = ngettext(
        "The order %(order)s is on its way for more than %(days)s day",
        "The order %(order)s is on its way for more than %(days)s days",
        days,
    )
    return Words(
        title % {"order": order_said(args), "days": days},
        _(
            "It was placed on %(when)s, and you wanted to be told by now. Ask the vendor about it; do not order again,"
            " or it may be charged twice."
        )
        % {"when": moment_said(args["ordered"])},
    )


def _number(args: Mapping[str, Any]) -> str:
    return _("The vendor's number for it: %(number)s.") % {"number": args["number"]} if args.get("number") else ""


def _order_page(notice: Notice, slug: str) -> str:
    return reverse("provisioning:order", args=[slug, notice.subject_id])


FULFILLED = Kind(
    "provisioning.order_fulfilled",
    gettext_lazy("An order is fulfilled"),
    GROUP,
    _fulfilled_words,
    _order_page,
    gettext_lazy("See the order"),
    doors=MONEY,
    icon="shopping-cart",
    tone="success",
    mail=Mail.DAILY,
)
REJECTED = Kind(
    "provisioning.order_rejected",
    gettext_lazy("The vendor rejected an order"),
    GROUP,
    _rejected_words,
    _order_page,
    gettext_lazy("See the order"),
    doors=MONEY,
    icon="circle-x",
    tone="warning",
)
STUCK = Kind(
    "provisioning.order_stuck",
    gettext_lazy("An order is pending for too long"),
    GROUP,
    _stuck_words,
    _order_page,
    gettext_lazy("See the order"),
    doors=MONEY,
    icon="hourglass",
    tone="warning",
    needs_you=True,
)
OVERDUE = Kind(
    "provisioning.order_overdue",
    gettext_lazy("An order takes more days than your threshold"),
    GROUP,
    _overdue_words,
    _order_page,
    gettext_lazy("See the order"),
    doors=MONEY,
    icon="hourglass",
    tone="warning",
    needs_you=True,
)
KINDS = [FULFILLED, REJECTED, STUCK, OVERDUE]
