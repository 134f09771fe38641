"""What is agreed about money: terms of a meter from a day on. What closed statements were made by cannot be changed."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.audit.trail import record
from portal.billing.lines import following
from portal.billing.locking import lock_billing
from portal.billing.meters import meter_kind
from portal.billing.models import Contract, ContractCost, Statement
from portal.billing.months import BILLING_ZONE
from portal.billing.refusals import ClosedAlready
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope, tenant_scope

ONE_DAY = timedelta(days=1)
TERMS = ["unit_price", "free_units", "zone", "limit_eur", "price_change"]


@transaction.atomic
def agree(
    tenant: Tenant,
    meter: str,
    object_id: int,
    *,
    starts_on: date,
    unit_price: Decimal,
    free_units: int = 0,
    limit_eur: Decimal | None = None,
    zone: str = BILLING_ZONE.key,
    rule: str = Contract.PriceChange.MONTH,
    acting_user: Any,
) -> Contract:
    """Keep terms (EUR) of one meter from `starts_on` until other ones begin; those in force before end that day.

    Writes nothing when that day's terms are these already. Raises ClosedAlready for a day in a closed month,
    ValidationError for terms that cannot be.
    """
    lock_billing(tenant.pk)
    _refuse_closed(tenant, starts_on)
    of_meter = Contract.objects.filter(tenant=tenant).of_meter(meter, object_id)
    standing = of_meter.on(starts_on).first()
    terms = Contract(
        tenant=tenant, meter=meter, object_id=object_id, starts_on=starts_on, unit_price=unit_price,
        free_units=free_units, limit_eur=limit_eur, zone=zone, price_change=rule, agreed_by=acting_user,
    )  # fmt: skip
    terms.clean_fields(exclude=["tenant", "agreed_by"])
    if standing and _terms(standing) == _terms(terms):
        return standing
    before = _told(standing) if standing else None
    coming = of_meter.filter(starts_on__gt=starts_on).order_by("starts_on").first()
    terms.ends_on = coming.starts_on if coming else None
    _give_way(standing, terms)
    terms.save()
    record("billing.terms_agreed", terms, before=before, after=_told(terms), acting_user=acting_user)
    _apply(terms, timezone.now())
    return terms


def _refuse_closed(tenant: Tenant, day: date) -> None:
    last = Statement.objects.filter(tenant=tenant).order_by("-sequence").values_list("month", flat=True).first()
    if last and day < following(last):
        raise ClosedAlready(last)


def _give_way(standing: Contract | None, terms: Contract) -> None:
    """Terms that began on the very same day are replaced; others end where the new ones begin."""
    if standing is None:
        return
    if standing.starts_on == terms.starts_on:
        terms.pk, terms.ends_on = standing.pk, standing.ends_on
    else:
        standing.ends_on = terms.starts_on
        standing.save(update_fields=["ends_on"])


@transaction.atomic
def end(contract: Contract, *, ends_on: date, acting_user: Any) -> Contract:
    """Let terms end just before a day, without others to follow.

    Raises ClosedAlready for a day in a closed month, ValidationError for one before they began or after they end anyway.
    """
    lock_billing(contract.tenant_id)
    _refuse_closed(contract.tenant, ends_on)
    locked = Contract.objects.select_for_update(of=("self",)).get(pk=contract.pk)
    if not locked.starts_on < ends_on <= (locked.ends_on or ends_on):
        raise ValidationError(_("These terms end after they began, and not after others begin. Nothing was changed."))
    before = _told(locked)
    locked.ends_on = ends_on
    locked.save(update_fields=["ends_on"])
    record("billing.terms_ended", locked, before=before, after=_told(locked), acting_user=acting_user)
    return locked


@transaction.atomic
def set_cost(contract: Contract, *, cost_price: Decimal, acting_user: Any) -> ContractCost:
    """What the vendor charges for one (EUR). For staff, in staff scope: tenants see neither it nor that it was set."""
    cost, _made = ContractCost.objects.update_or_create(contract=contract, defaults={"cost_price": cost_price})
    record(
        "staff.cost_price_set",
        cost,
        after={"contract": contract.pk, "cost_price": str(cost_price)},
        acting_user=acting_user,
    )
    return cost


def contract_at(tenant_id: int, meter: str, object_id: int, day: date) -> Contract | None:
    """The terms in force on a day; None where no price was agreed."""
    return Contract.objects.filter(tenant_id=tenant_id).of_meter(meter, object_id).on(day).first()


def today(zone: str = BILLING_ZONE.key, now: datetime | None = None) -> date:
    return (now or timezone.now()).astimezone(ZoneInfo(zone)).date()


# --- Terms that come into force later -----------------------------------------------------------------------------


def apply_due(now: datetime | None = None) -> int:
    """Tell the apps that count which terms have come into force since. Returns how many."""
    moment = now or timezone.now()
    with staff_scope():
        waiting = Contract.objects.filter(applied_at=None, starts_on__lte=moment.date() + ONE_DAY)
        found = list(waiting.order_by("starts_on").values_list("tenant_id", "pk"))
    applied = 0
    for tenant_id, pk in found:
        with tenant_scope(tenant_id):
            lock_billing(tenant_id)
            applied += _apply(Contract.objects.get(pk=pk), moment)
    return applied


def _apply(contract: Contract, now: datetime) -> bool:
    """Whether the terms are in force; those that were replaced before their time came are passed over."""
    day = today(contract.zone, now)
    if contract.starts_on > day:
        return False
    if contract.ends_on is None or contract.ends_on > day:
        meter_kind(contract.meter).apply(contract.object_id, contract.unit_price, contract.limit_eur)
    Contract.objects.filter(pk=contract.pk).update(applied_at=now)
    return True


def _terms(contract: Contract) -> list[Any]:
    return [getattr(contract, name) for name in TERMS]


def _told(contract: Contract) -> dict[str, Any]:
    """For the trail: as text, since money is no float."""
    told = {name: getattr(contract, name) for name in ["meter", "object_id", "starts_on", "ends_on", *TERMS]}
    return {name: value if isinstance(value, int | None) else str(value) for name, value in told.items()}
