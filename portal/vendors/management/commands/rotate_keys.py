"""Put every sealed secret under the newest of SEALING_KEYS."""

from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from portal.tenancy.factor_seal import CONTEXT, SECRETS, with_secrets
from portal.tenancy.scope import staff_scope
from portal.tenancy.sealing import SealBroken, SealedField, reseal, sealed_fields

BATCH = 500


@dataclass
class Tally:
    """How many rows of one column have secrets, how many were resealed, and which rows do not open."""

    sealed: int = 0
    resealed: int = 0
    broken: list[int] = field(default_factory=list)


class Command(BaseCommand):
    help = """Put every sealed secret under the first key of SEALING_KEYS. Safe while the portal runs, and to repeat.

To retire a key: 1. put a new key before the old one in SEALING_KEYS and restart every process; 2. run rotate_keys until it
ends with "everything is under the newest key"; 3. take the old key out and restart again. Backups made before step 2 need
the old key: keep it with them."""

    def handle(self, *args: Any, **options: Any) -> None:
        tallies = {_name(column): rotate(column) for column in sealed_fields()}
        tallies["mfa.Authenticator.data"] = rotate_second_factors()
        for name, tally in tallies.items():
            self.stdout.write(f"{name}: {tally.sealed} sealed, {tally.resealed} resealed")
        broken = [f"{name} of row {pk}" for name, tally in tallies.items() for pk in tally.broken]
        if broken:
            raise CommandError(
                "these do not open with any key of SEALING_KEYS, and were left as they are:\n  "
                + "\n  ".join(broken)
                + "\nPut the key that sealed them back, or have the secret entered again.",
                returncode=1,
            )
        self.stdout.write("everything is under the newest key")


def rotate(column: SealedField) -> Tally:
    """Reseal one column of all tenants, in batches of a transaction each."""
    tally, last = Tally(), 0
    while batch := _batch(column, last):
        with staff_scope():
            for pk, tenant_id, stored in batch:
                _rotate_row(column, pk, tenant_id, stored, tally)
        last = batch[-1][0]
    return tally


def _batch(column: SealedField, after: int) -> list[tuple[int, int, str]]:
    """(id, tenant, ciphertext) of the next rows, read without a lock."""
    rows = column.model._base_manager.filter(pk__gt=after).order_by("pk")
    with staff_scope():
        return list(rows.values_list("pk", "tenant_id", column.name)[:BATCH])


def _rotate_row(column: SealedField, pk: int, tenant_id: int, stored: str, tally: Tally) -> None:
    """Until it is under the newest key: somebody may just be entering another secret."""
    tally.sealed += bool(stored)
    context = column.context_of(tenant_id)
    while stored:
        try:
            fresh = reseal(stored, context)
        except SealBroken:
            tally.broken.append(pk)
            return
        if fresh == stored:
            return
        if _replace(column, pk, stored, fresh):
            tally.resealed += 1
            return
        stored = column.model._base_manager.filter(pk=pk).values_list(column.name, flat=True).first() or ""


def _replace(column: SealedField, pk: int, stored: str, fresh: str) -> bool:
    """Compare and set. The column refuses look-ups to everybody else, hence the SQL."""
    quote = connection.ops.quote_name
    table, name = quote(column.model._meta.db_table), quote(str(column.column))
    with connection.cursor() as cursor:
        cursor.execute(
            f"update {table} set {name} = %s where id = %s and {name} = %s",  # noqa: S608 - names of our own models
            [str(fresh), pk, str(stored)],
        )
        return cursor.rowcount == 1


def rotate_second_factors() -> Tally:
    """Reseal what opens people's accounts; one locked row after the other, since recovery codes are used up in place."""
    tally = Tally()
    for pk in Authenticator.objects.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            _rotate_factor(pk, tally)
    return tally


def _rotate_factor(pk: int, tally: Tally) -> None:
    factor = Authenticator.objects.select_for_update().filter(pk=pk).first()
    if factor is None:
        return
    tally.sealed += any(name in factor.data for name in SECRETS)
    try:
        fresh = with_secrets(factor.data, lambda stored: reseal(stored, CONTEXT))
    except SealBroken:
        tally.broken.append(pk)
    else:
        if fresh != factor.data:
            Authenticator.objects.filter(pk=pk).update(data=fresh)
            tally.resealed += 1


def _name(column: SealedField) -> str:
    return f"{column.model._meta.label}.{column.name}"
