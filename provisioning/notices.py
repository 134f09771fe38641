"""What people are told of video: orders fulfilled, rejected or stuck, differences, thresholds, temporary subscribers ended."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.notices.models import Notice
from portal.notices.raising import raise_notice, resolve_notices
from portal.notices.registry import Kind, Mail, Words
from portal.notices.watching import State
from portal.sentences import Sentence
from portal.tenancy.roles import Role
from portal.ui import formats
from portal.vendors.models import Connection
from provisioning.models import Drift, Order, SizingPlan, Subscriber

GROUP = gettext_lazy("Video")
MONEY = (Role.OPERATOR, Role.BILLING)
NAMED = 5


# --- Orders -------------------------------------------------------------------------------------------------------


def order_moved(order: Order, before: str) -> None:
    """The vendor says that an order, `before` of another status, was fulfilled or rejected. In the caller's transaction."""
    if order.status == before:
        return
    if order.status == Order.Status.FULFILLED:
        raise_notice(FULFILLED, order.tenant_id, order.pk, _order_args(order), subject=order)
    elif order.status == Order.Status.REJECTED:
        raise_notice(REJECTED, order.tenant_id, order.pk, _order_args(order), subject=order)


def stuck_orders(now: datetime) -> Iterator[State]:
    """Pending at the vendor for longer than ORDER_PATIENCE_SECONDS."""
    since = now - timedelta(seconds=settings.ORDER_PATIENCE_SECONDS)
    pending = Order.objects.filter(status=Order.Status.PENDING, created_at__lt=since, tenant__state="active")
    for order in pending.select_related("product"):
        yield State(order.tenant_id, order.pk, _order_args(order), order)


def _order_args(order: Order) -> dict[str, Any]:
    return {
        "type": order.type,
        "quantity": order.quantity,
        "product": order.product.name,
        "number": order.number,
        "ordered": order.created_at.isoformat(),
    }


# --- Differences --------------------------------------------------------------------------------------------------


def differences_found(connection: Connection, found: Sequence[Drift]) -> None:
    """One notice for what one reading found anew."""
    if found:
        args = {"connection": connection.name, "count": len(found)}
        key = f"{connection.pk}:{found[0].pk}"
        raise_notice(DIFFERENCE, connection.tenant_id, key, args, subject=found[0] if len(found) == 1 else connection)


def differences_settled(tenant_id: int, connection_id: int) -> None:
    """Some are open no more; when that was the last one of the connection, it is over."""
    if not Drift.objects.open().filter(connection_id=connection_id).exists():
        resolve_notices(DIFFERENCE, tenant_id, connection_id)


# --- Temporary subscribers ----------------------------------------------------------------------------------------


def temporary_ended(tenant_id: int, ended: Sequence[Subscriber]) -> None:
    """The portal has had these deleted, since their time was over."""
    if ended:
        args = {"count": len(ended), "names": [subscriber.username for subscriber in ended[:NAMED]]}
        raise_notice(TEMPORARY, tenant_id, f"{ended[0].pk}:{len(ended)}", args)


# --- Right-sizing -------------------------------------------------------------------------------------------------


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


# --- Words --------------------------------------------------------------------------------------------------------


def _what(args: Mapping[str, Any]) -> str:
    """ "+5 × KPN-VoiceVideo-C", as orders are called everywhere."""
    sign = "+" if args["type"] == Order.Type.INCREMENT else "−"
    return f"{sign}{args['quantity']} × {args['product']}"


def _fulfilled_words(args: Mapping[str, Any]) -> Words:
    return Words(_("The order %(order)s is fulfilled") % {"order": _what(args)}, _number(args))


def _rejected_words(args: Mapping[str, Any]) -> Words:
    return Words(
        _("The vendor rejected the order %(order)s") % {"order": _what(args)},
        _("The inventory is as it was. Ask the vendor why, then order anew if it is still wanted."),
    )


def _stuck_words(args: Mapping[str, Any]) -> Words:
    ordered = datetime.fromisoformat(args["ordered"])
    return Words(
        _("The order %(order)s is still pending at the vendor") % {"order": _what(args)},
        _("It was placed on %(when)s. Ask the vendor about it; do not order again, or it may be charged twice.")
        % {"when": date_format(timezone.localtime(ordered), "j F Y, H:i")},
    )


def _number(args: Mapping[str, Any]) -> str:
    return _("The vendor's number for it: %(number)s.") % {"number": args["number"]} if args.get("number") else ""


def _difference_words(args: Mapping[str, Any]) -> Words:
    count = int(args["count"])
    title = ngettext(
        "The vendor says something that the portal did not expect (%(connection)s)",
        "The vendor says %(count)s things that the portal did not expect (%(connection)s)",
        count,
    )
    return Words(
        title % {"count": count, "connection": args["connection"]},
        _("Nothing was changed. Somebody adopts it, or puts it right; until then costs and counts may be off."),
    )


def _temporary_words(args: Mapping[str, Any]) -> Words:
    count = int(args["count"])
    title = ngettext("%(count)s temporary subscriber ended", "%(count)s temporary subscribers ended", count)
    names = ", ".join(args["names"]) + ("…" if count > len(args["names"]) else "")
    return Words(title % {"count": count}, _("The portal has them deleted: %(names)s.") % {"names": names})


def _free_words(args: Mapping[str, Any]) -> Words:
    free = int(args["free"])
    title = ngettext("Only %(free)s of %(product)s is free", "Only %(free)s of %(product)s are free", free)
    return Words(
        title % {"free": free, "product": args["product"]},
        _("You wanted to be told below %(below)s. Without a free product no subscriber can be created.")
        % {"below": args["below"]},
    )


def _peak_words(args: Mapping[str, Any]) -> Words:
    return Words(
        _("This month's peak of %(product)s is %(peak)s") % args,
        _(
            "You wanted to be told above %(above)s. The month is charged on it; fewer products lower the next month only."
        )
        % args,
    )


def _cost_words(args: Mapping[str, Any]) -> Words:
    values = {"product": args["product"], "cost": _eur(args["cost"]), "above": _eur(args["above"])}
    return Words(
        _("This month of %(product)s costs %(cost)s") % values,
        _(
            "You wanted to be told above %(above)s. The month is charged on its peak; fewer products lower the next month only."
        )
        % values,
    )


def _limit_words(args: Mapping[str, Any]) -> Words:
    values = {**args, "limit": _eur(args["limit"]), "value": _eur(args["value"])}
    return Words(
        _("%(percent)s %% of the agreed limit of %(product)s is reached") % values,
        _("%(value)s of %(limit)s a month. An order above the limit waits for the vendor's people.") % values,
    )


def _spare_words(args: Mapping[str, Any]) -> Words:
    spare, saving = int(args["spare"]), args["saving"]
    title = ngettext(
        "%(spare)s of %(product)s is spare: remove it before the month ends?",
        "%(spare)s of %(product)s are spare: remove them before the month ends?",
        spare,
    )
    values = {"saving": _eur(saving) if saving else "", "until": _when(args["until"])}
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
    values = {"why": str(Sentence.from_json(args["why"])), "until": _when(args["until"])}
    return Words(
        _("The approved removal of %(product)s has to wait") % args,
        _("%(why)s It is tried again until %(until)s.") % values,
    )


def _in_vain_words(args: Mapping[str, Any]) -> Words:
    title = _("The approved removal of %(product)s came to nothing") % args
    return Words(title, str(Sentence.from_json(args["why"])))


def _when(moment: str) -> str:
    return date_format(timezone.localtime(datetime.fromisoformat(moment)), "j F Y, H:i")


def _eur(amount: str) -> str:
    return formats.money(Decimal(amount), "EUR")


# --- Where each is solved -----------------------------------------------------------------------------------------


def _order_page(notice: Notice, slug: str) -> str:
    return reverse("provisioning:order", args=[slug, notice.subject_id])


def _difference_page(notice: Notice, slug: str) -> str:
    if notice.subject_type == Drift._meta.label_lower:
        return reverse("provisioning:difference", args=[slug, notice.subject_id])
    return f"{reverse('provisioning:differences', args=[slug])}?connection={notice.subject_id}"


def _subscribers_page(notice: Notice, slug: str) -> str:
    return f"{reverse('provisioning:subscribers', args=[slug])}?state=deleted&kind=temporary"


def _overview(notice: Notice, slug: str) -> str:
    query = f"connection={notice.args['connection']}&product={notice.subject_id}"
    return f"{reverse('provisioning:dashboard', args=[slug])}?{query}"


def _order_form(notice: Notice, slug: str) -> str:
    return f"{reverse('provisioning:order_new', args=[slug])}?connection={notice.args['connection']}"


def _right_sizing(notice: Notice, slug: str) -> str:
    query = f"connection={notice.args['connection']}&product={notice.subject_id}"
    return f"{reverse('provisioning:right_sizing', args=[slug])}?{query}"


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
DIFFERENCE = Kind(
    "provisioning.difference",
    gettext_lazy("The vendor says something unexpected"),
    GROUP,
    _difference_words,
    _difference_page,
    gettext_lazy("See the difference"),
    doors=MONEY,
    icon="arrows-exchange",
    tone="warning",
    needs_you=True,
)
FREE = Kind(
    "provisioning.few_free",
    gettext_lazy("Few products are free"),
    GROUP,
    _free_words,
    _order_form,
    gettext_lazy("Order products"),
    doors=MONEY,
    icon="package",
    tone="warning",
    needs_you=True,
    calm=timedelta(hours=1),
)
PEAK = Kind(
    "provisioning.peak_above",
    gettext_lazy("The month's peak is above your threshold"),
    GROUP,
    _peak_words,
    _overview,
    gettext_lazy("See the month"),
    doors=MONEY,
    icon="chart-line",
    tone="warning",
    needs_you=True,
)
COST = Kind(
    "provisioning.cost_above",
    gettext_lazy("The month costs more than your threshold"),
    GROUP,
    _cost_words,
    _overview,
    gettext_lazy("See the month"),
    doors=MONEY,
    icon="report-money",
    tone="warning",
    needs_you=True,
)
LIMIT = Kind(
    "provisioning.limit_near",
    gettext_lazy("The agreed limit is nearly reached"),
    GROUP,
    _limit_words,
    _overview,
    gettext_lazy("See the stock"),
    doors=MONEY,
    icon="credit-card",
    tone="warning",
    needs_you=True,
    calm=timedelta(hours=1),
)
TEMPORARY = Kind(
    "provisioning.temporary_ended",
    gettext_lazy("Temporary subscribers ended"),
    GROUP,
    _temporary_words,
    _subscribers_page,
    gettext_lazy("See the subscribers"),
    icon="clock",
    mail=Mail.DAILY,
    at_once=False,
)
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
KINDS = [FULFILLED, REJECTED, STUCK, DIFFERENCE, FREE, PEAK, COST, LIMIT, TEMPORARY]
KINDS += [SPARE, SIZED, SIZING_BLOCKED, SIZING_IN_VAIN]
