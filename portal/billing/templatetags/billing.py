"""How prices and rates of statements are written in templates, and what belongs to a number."""

from collections.abc import Mapping
from decimal import Decimal

from django import template

from portal.billing.papers import wording

register = template.Library()
register.filter("percent", wording.percent)
register.filter("vat_label", wording.vat_label)
register.filter("vat_said", wording.vat_said)


@register.filter
def price(amount: Decimal, currency: str = "EUR") -> str:
    return wording.unit_price(amount, currency)


@register.filter
def of(found: Mapping[str, str], name: str) -> str:
    """What a mapping has under `name`; "" for nothing."""
    return found.get(name, "")
