"""How a connection's account is asked for permissions; changed by an admin."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from portal.audit.trail import record
from portal.vendors import mirrors
from realtime.grants.scopes import PURPOSES
from realtime.models import RealtimeAccount


@transaction.atomic
def change_asking(account: RealtimeAccount, *, authorize_url: str, secret_in_body: bool, acting_user: Any) -> None:
    """Where people consent, and where the secret stands in token requests. Without a difference nothing is written."""
    wanted = {"authorize_url": authorize_url, "secret_in_body": secret_in_body}
    account = RealtimeAccount.objects.select_for_update().select_related("connection").get(pk=account.pk)
    before = {name: getattr(account, name) for name in wanted}
    if before != wanted:
        RealtimeAccount.objects.filter(pk=account.pk).update(**wanted)
        record("realtime.asking_changed", account.connection, before=before, after=wanted, acting_user=acting_user)


@transaction.atomic
def choose_purposes(account: RealtimeAccount, purposes: Iterable[str]) -> None:
    """What the company wants to do; the next consent asks for what that takes."""
    chosen = set(purposes)
    RealtimeAccount.objects.filter(pk=account.pk).update(purposes=[key for key in PURPOSES if key in chosen])
    mirrors.ask_for_reading(RealtimeAccount, account.connection_id)
