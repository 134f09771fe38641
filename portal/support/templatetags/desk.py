"""Pieces of the support desk for the admin's templates."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import template
from django.template import Context
from django.utils.translation import gettext as _

from portal.operations.admin_acts import Act, acts_for
from portal.operations.evidence import Row
from portal.operations.registry import Stake
from portal.support.desk_views import panel
from portal.ui import formats

register = template.Library()


@register.simple_tag(takes_context=True)
def desk_panel(context: Context) -> dict[str, Any]:
    """Everything on the desk; see `portal.support.desk_views.panel`."""
    return panel(context["request"])


@register.simple_tag(takes_context=True)
def acts_of(context: Context, row: Row) -> list[Act]:
    """The buttons of a row. Who asked to send it again is offered no button to confirm that."""
    acts = acts_for(row.operation, asked=row.question is not None)
    own = row.question is not None and row.question["asked_by"] == context["request"].user.pk
    return [act for act in acts if not (own and act.name == "confirm")]


@register.filter
def at_risk(stake: Stake | None) -> str:
    """A stake in words: a dash where no money is at risk."""
    if stake is None:
        return formats.NOTHING
    if stake.eur is None:
        return _("price unknown")
    return _("%(money)s a month") % {"money": formats.money(Decimal(stake.eur))}


@register.filter
def of_key(mapping: Mapping[Any, Any], key: Any) -> Any:
    """The value that `mapping` has for `key`, or None."""
    return mapping.get(key)
