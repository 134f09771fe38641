"""The caller IDs that extensions may show, read some at a time: each extension has to be asked about by itself."""

import logging
from collections.abc import Iterator
from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone

from portal.tenancy.scope import tenant_scope
from portal.vendors.errors import VendorError, VendorRefused
from portal.vendors.models import Connection
from realtime.client import KwebblClient, Reading, RemoteCallerId
from realtime.extensions.models import CallerId, Extension
from realtime.extensions.numbers import external
from realtime.vendor_ids import canonical_id

logger = logging.getLogger(__name__)
OLD_AFTER = timedelta(hours=6)
MOST_AT_ONCE = 20


def read_some(connection: Connection, client: KwebblClient, kinds: list[str]) -> None:
    """Of those whose caller IDs were never read, or longest ago. What cannot be read now is read next time."""
    for extension in _due(connection, kinds):
        asked_at = timezone.now()
        try:
            reading = _read(client, extension)
        except VendorError as error:
            logger.info("caller IDs of connection %s could not be read: %s", connection.pk, error)
            return
        with tenant_scope(connection.tenant_id):
            if reading is not None:
                _follow(extension, reading)
            Extension.objects.filter(pk=extension.pk).update(caller_ids_read_at=asked_at)


def _due(connection: Connection, kinds: list[str]) -> list[Extension]:
    with tenant_scope(connection.tenant_id):
        old = Q(caller_ids_read_at=None) | Q(caller_ids_read_at__lt=timezone.now() - OLD_AFTER)
        living = Extension.objects.filter(old, connection=connection, gone_at=None, kind__in=kinds)
        return list(living.order_by(F("caller_ids_read_at").asc(nulls_first=True), "pk")[:MOST_AT_ONCE])


def _read(client: KwebblClient, extension: Extension) -> Reading[RemoteCallerId] | None:
    """None where the vendor does not tell of this one."""
    try:
        return client.caller_ids(extension.vendor_id)
    except VendorRefused:
        return None


def _follow(extension: Extension, reading: Reading[RemoteCallerId]) -> None:
    known = CallerId.objects.filter(extension=extension)
    told = {canonical_id(remote.id): external(remote.number) for remote in reading}
    if reading.complete:
        known.exclude(vendor_id__in=told).delete()
    CallerId.objects.bulk_create(
        _rows_of(extension, told),
        update_conflicts=True,
        unique_fields=["extension", "vendor_id"],
        update_fields=["number"],
    )


def _rows_of(extension: Extension, told: dict[str, str]) -> Iterator[CallerId]:
    for vendor_id, number in told.items():
        yield CallerId(tenant_id=extension.tenant_id, extension=extension, vendor_id=vendor_id, number=number)
