"""By what VAT a company's months are charged. What closed statements were made by cannot be changed."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.audit.trail import record
from portal.billing.charging import CENT
from portal.billing.locking import lock_billing
from portal.billing.models import Statement, VatTerms
from portal.billing.refusals import ClosedAlready
from portal.tenancy.models import Tenant
from portal.tenancy.refusals import StaffOnly

Kind = VatTerms.Kind
# The country, then what any country of the EU has at most. Whether a number is in force nobody is asked.
NUMBER = re.compile(r"[A-Z]{2}[0-9A-Z+*]{2,13}")
TERMS = ["kind", "rate", "number", "ground"]


@dataclass(frozen=True)
class Vat:
    """`rate` is in per cent, 0 unless `kind` is "standard". `number` is the customer's, `ground` that of an exemption."""

    kind: str
    rate: Decimal
    number: str = ""
    ground: str = ""


def portals_own() -> Vat:
    """What holds for a company with which nothing was agreed."""
    return Vat(Kind.STANDARD.value, Decimal(settings.BILLING_VAT_PERCENT).quantize(CENT))


@transaction.atomic
def agree_vat(
    tenant: Tenant,
    *,
    starts_on: date,
    kind: str,
    rate: Decimal = Decimal(0),
    number: str = "",
    ground: str = "",
    acting_user: Any,
) -> VatTerms:
    """Keep by what VAT a company is charged, from the month that the day `starts_on` lies in until other terms begin.

    Terms that begin with the same month are replaced; writes nothing when they are these already. For support staff. Raises
    StaffOnly, ClosedAlready for a closed month, ValidationError for terms that cannot be.
    """
    if acting_user is None or not acting_user.is_staff:
        raise StaffOnly
    first = starts_on.replace(day=1)
    lock_billing(tenant.pk)
    _refuse_closed(tenant, first)
    standing = VatTerms.objects.filter(tenant=tenant, starts_on=first).first()
    terms = VatTerms(
        pk=standing.pk if standing else None,
        tenant=tenant, starts_on=first, kind=kind, rate=rate, number=plain_number(number), ground=ground.strip(),
        agreed_at=timezone.now(), agreed_by=acting_user,
    )  # fmt: skip
    _check(terms)
    if standing and _terms(standing) == _terms(terms):
        return standing
    terms.save()
    record("billing.vat_agreed", terms, before=_told(standing), after=_told(terms), acting_user=acting_user)
    return terms


def plain_number(typed: str) -> str:
    """ "nl 1234.56.782 b01" is "NL123456782B01"."""
    return re.sub(r"[\s.\-]", "", typed).upper()


def _refuse_closed(tenant: Tenant, first: date) -> None:
    last = Statement.objects.filter(tenant=tenant).order_by("-sequence").values_list("month", flat=True).first()
    if last and first <= last:
        raise ClosedAlready(last)


def _check(terms: VatTerms) -> None:
    """Each kind has what it needs, and nothing else."""
    terms.clean_fields(exclude=["tenant", "agreed_by"])
    wrong: dict[str, str] = {}
    if terms.kind != Kind.STANDARD and terms.rate:
        wrong["rate"] = _("Without VAT the rate is 0.")
    if terms.rate > 100:
        wrong["rate"] = _("A rate is at most 100 %.")
    if terms.kind == Kind.REVERSE and not NUMBER.fullmatch(terms.number):
        wrong["number"] = _("Enter the customer's VAT number, such as NL123456782B01: it stands on the statement.")
    if terms.kind != Kind.REVERSE and terms.number:
        wrong["number"] = _("Only where the tax is reverse-charged the customer's VAT number is needed.")
    if terms.kind == Kind.EXEMPT and not terms.ground:
        wrong["ground"] = _("Say on which ground, such as the article of the law: it stands on the statement.")
    if terms.kind != Kind.EXEMPT and terms.ground:
        wrong["ground"] = _("Only an exemption has a ground.")
    if wrong:
        raise ValidationError(wrong)


def _terms(terms: VatTerms) -> list[Any]:
    return [getattr(terms, name) for name in TERMS]


def _told(terms: VatTerms | None) -> dict[str, Any] | None:
    """For the trail: as text, since a rate is no float."""
    return {name: str(getattr(terms, name)) for name in ["starts_on", *TERMS]} if terms else None
