"""How notices of video say orders, times and money, and where they lead that several subjects share."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy

from portal.notices.models import Notice
from portal.tenancy.roles import Role
from portal.ui import formats
from provisioning.models import Order

GROUP = gettext_lazy("Video")
MONEY = (Role.OPERATOR, Role.BILLING)


def order_said(args: Mapping[str, Any]) -> str:
    """ "+5 × KPN-VoiceVideo-C", as orders are called everywhere."""
    sign = "+" if args["type"] == Order.Type.INCREMENT else "−"
    return f"{sign}{args['quantity']} × {args['product']}"


def moment_said(moment: str) -> str:
    return date_format(timezone.localtime(datetime.fromisoformat(moment)), "j F Y, H:i")


def eur(amount: str) -> str:
    return formats.money(Decimal(amount), "EUR")


def overview(notice: Notice, slug: str) -> str:
    """The product's month."""
    query = f"connection={notice.args['connection']}&product={notice.subject_id}"
    return f"{reverse('provisioning:dashboard', args=[slug])}?{query}"
