"""Whose card belongs to a number, and where it leads in the company's own CRM."""

from collections.abc import Collection
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from django.core.exceptions import ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from realtime.cards.models import Card, CardNumber, CardRules


def cards_for(numbers: Collection[str]) -> dict[str, Card]:
    """{number: card} of those numbers (+E.164) that have one, in the scope's company. One query.

    Each card has `link`, the address in the CRM for that number, "" where the company has none.
    """
    wanted = {number for number in numbers if number}
    if not wanted:
        return {}
    found = _with_template(CardNumber.objects.filter(number__in=wanted).select_related("card"))
    return {row.number: _linked(row) for row in found}


def links_of(card: Card) -> list[tuple[str, str]]:
    """(number, address in the CRM) of each of its numbers; "" where the company has no address. One query."""
    rows = _with_template(card.numbers.order_by("pk"))
    return [(row.number, link_of(row.template or "", row.number, card.reference)) for row in rows]


def _with_template(rows: QuerySet[CardNumber]) -> Any:
    """Each with `template`: where cards of its company lead, None or "" for nowhere."""
    rules = CardRules.objects.filter(tenant=OuterRef("tenant")).values("link")[:1]
    return rows.annotate(template=Subquery(rules))


def _linked(row: Any) -> Card:
    row.card.link = link_of(row.template or "", row.number, row.card.reference)
    return row.card


def link_of(template: str, number: str, reference: str) -> str:
    """`template` with its places filled in, so that what is filled in cannot become another part of the address."""
    link = template
    for name, value in (("number", number), ("reference", reference)):
        link = link.replace("{" + name + "}", quote(value, safe=""))
    return link


def check_link(template: str) -> None:
    """Raises ValidationError unless `template` leads to one https host, whatever its places are filled with."""
    parts = _parts(template)
    if parts.scheme != "https":
        raise ValidationError(_("The address must begin with https://."), code="scheme")
    if parts.username is not None or parts.password is not None:
        raise ValidationError(_("Credentials do not belong into the address."), code="credentials")
    if "{" in parts.netloc or "}" in parts.netloc:
        raise ValidationError(_("The host of the address cannot have a place to fill in."), code="host")
    rest = link_of(template, "", "")
    if "{" in rest or "}" in rest:
        raise ValidationError(_("Only {number} and {reference} can be filled in."), code="places")


def _parts(template: str) -> SplitResult:
    try:
        parts = urlsplit(template)
        # A port that is none is only found out by looking at it.
        if not parts.hostname or parts.port == 0 or "\\" in template or any(letter.isspace() for letter in template):
            raise ValueError(template)
    except ValueError:
        raise ValidationError(_("This is no address of a service."), code="invalid") from None
    return parts
