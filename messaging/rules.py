"""A company's own rules for sending: what holds, and changing them."""

from collections.abc import Mapping
from datetime import time
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from messaging.models import Sender, SmsRules
from portal.audit.trail import record
from portal.tenancy.models import Tenant

FIELDS = (
    "countries",
    "quiet_from",
    "quiet_until",
    "most_recipients_a_day",
    "most_eur_a_day",
    "second_person_above",
    "canary_above",
    "canary_size",
    "stop_above_percent",
    "keep_text_days",
)


def rules_of(tenant_id: int) -> SmsRules:
    """The company's row, or an unsaved one with the defaults. In the company's scope."""
    return SmsRules.objects.filter(tenant_id=tenant_id).first() or SmsRules(tenant_id=tenant_id)


def allowed_senders(tenant: Tenant) -> QuerySet[Sender]:
    """What recipients may see as who writes to them, by name."""
    return Sender.objects.filter(tenant=tenant, state=Sender.State.ALLOWED).order_by("name")


@transaction.atomic
def change_rules(tenant: Tenant, wanted: Mapping[str, Any], *, acting_user: Any) -> SmsRules:
    """Set those of FIELDS that `wanted` names. They hold from now on."""
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    rules = rules_of(tenant.pk)
    before = {name: getattr(rules, name) for name in FIELDS if name in wanted and getattr(rules, name) != wanted[name]}
    if not before:
        return rules
    for name in before:
        setattr(rules, name, wanted[name])
    rules.save()
    after = {name: _told(wanted[name]) for name in before}
    before = {name: _told(value) for name, value in before.items()}
    record("messaging.rules_changed", rules, before=before, after=after, acting_user=acting_user)
    return rules


def _told(value: Any) -> Any:
    """For the trail, as JSON."""
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return str(value) if isinstance(value, Decimal) else value
