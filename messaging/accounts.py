"""What a company tells of its account at the vendor beside the connection: bounds, delivery reports, where keys are kept."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from messaging.models import SmsAccount
from messaging.reports.key_reading import ask_for_reading
from portal.audit.trail import record
from portal.vendors.addresses import check_base_url

FIELDS = ("test_mode", "wants_reports", "key_level", "keys_url")
# What decides which keys the vendor has for this account.
OF_KEYS = {"key_level", "keys_url"}


@transaction.atomic
def change_account(account: SmsAccount, wanted: Mapping[str, Any], *, acting_user: Any) -> SmsAccount:
    """Set those of FIELDS that `wanted` names; they hold for what is sent from now on. An empty `keys_url` is KPN's own.

    Raises ValidationError for an address that may not be called.
    """
    if wanted.get("keys_url"):
        check_base_url(wanted["keys_url"])
    locked = SmsAccount.objects.select_for_update(of=("self",)).get(pk=account.pk)
    before = {
        name: getattr(locked, name) for name in FIELDS if name in wanted and getattr(locked, name) != wanted[name]
    }
    if not before:
        return locked
    for name in before:
        setattr(locked, name, wanted[name])
    if not locked.wants_reports:
        locked.silent_since = None
    locked.save(update_fields=[*before, "silent_since"])
    after = {name: wanted[name] for name in before}
    record("messaging.account_changed", locked, before=before, after=after, acting_user=acting_user)
    if OF_KEYS & before.keys():
        ask_for_reading(locked.connection_id)
    return locked
