"""A company's virtual numbers: entered by a person, or known from their first message; and where their messages go."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop as _

from messaging.inbound.forwarding import give_secret
from messaging.models import VirtualNumber
from portal.audit.trail import record
from portal.operations.refusals import NotPromised
from portal.vendors.models import Connection

FORWARDED = ("name", "forward_to_mail", "forward_to_url")


@transaction.atomic
def add_number(connection: Connection, number: str, name: str, *, acting_user: Any) -> VirtualNumber:
    """Raises NotPromised for one that is known."""
    new, made = VirtualNumber.objects.get_or_create(
        connection=connection, number=number, defaults={"tenant_id": connection.tenant_id, "name": name}
    )
    if not made:
        raise NotPromised(_("This number is known already."))
    record("messaging.number_added", new, after={"number": number}, acting_user=acting_user)
    return new


@transaction.atomic
def change_number(number: VirtualNumber, *, acting_user: Any, **fields: str) -> VirtualNumber:
    """`fields` are of FORWARDED. Messages that have come already go where they went."""
    number = VirtualNumber.objects.select_for_update(of=("self",)).get(pk=number.pk)
    before = {name: getattr(number, name) for name in fields}
    for name, value in fields.items():
        setattr(number, name, value)
    if number.forward_to_url:
        give_secret(number)
    number.save()
    record("messaging.number_changed", number, before=before, after=fields, acting_user=acting_user)
    return number


def reveal_secret(number: VirtualNumber, *, acting_user: Any) -> str:
    """What posts of this number are signed with, in clear; on record. Raises NotPromised."""
    if not number.forward_secret:
        raise NotPromised(_("There is no secret yet. Enter an address to forward to first."))
    record("messaging.number_secret_shown", number, acting_user=acting_user)
    return number.forward_secret.reveal()
