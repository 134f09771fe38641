"""How old is what is believed of a connection, and who reads it just now: for every app that mirrors a vendor.

An app's `MirrorState` is a `Mirror` with a one-to-one `connection`. Reading is level-triggered: whoever claims it reads all.
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError

from portal.tenancy.models import TenantModel
from portal.tenancy.scope import staff_scope, tenant_scope
from portal.vendors.errors import VendorError
from portal.vendors.line import Line
from portal.vendors.models import Connection

logger = logging.getLogger(__name__)

READING_LEASE = timedelta(minutes=3)
# After so long a page stops asking whether the mirror is new: no worker is there, or the vendor hangs.
PATIENCE = timedelta(minutes=2)
MOST_AT_ONCE = 200
# Once read by nobody for so many readings in a row, a mirror is no picture of the vendor any more.
READINGS_MISSED = 3


class Mirror(TenantModel):
    """`read_at` is when the last complete reading began, `asked_at` when a person wanted one that has not come yet."""

    read_at = models.DateTimeField(_("last complete read"), null=True)
    asked_at = models.DateTimeField(_("refresh asked"), null=True)
    due_at = models.DateTimeField(_("next read"), default=timezone.now)
    reading_until = models.DateTimeField(null=True)
    error = models.CharField(_("error"), max_length=500, blank=True)
    error_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @property
    def awaited(self) -> bool:
        """Was a reading asked for that has neither come nor failed yet, and may still come?"""
        if self.asked_at is None or (self.error_at is not None and self.error_at >= self.asked_at):
            return False
        return timezone.now() - self.asked_at < PATIENCE

    @property
    def failed_at(self) -> datetime | None:
        """When the vendor could not be read; None where it has been since."""
        if self.error_at is None or (self.read_at is not None and self.read_at > self.error_at):
            return None
        return self.error_at

    @property
    def stale_after(self) -> int:
        """Seconds after which it should have been read three times."""
        return stale_seconds()


def stale_seconds() -> int:
    return int(max(900, READINGS_MISSED * settings.SYNC_SECONDS))


# `Any` below: a model of the app, whose fields beyond those of `Mirror` are its own.


def due(model: Any) -> list[tuple[int, int]]:
    """(tenant, connection) of mirrors whose time has come and that nobody is reading; all tenants."""
    quiet = "connection__health__quiet_until"
    with staff_scope():
        waiting = model.objects.filter(
            _free(), Q(**{quiet: None}) | Q(**{f"{quiet}__lte": Now()}), due_at__lte=Now(), **_ACTIVE
        )
        return list(waiting.order_by("due_at").values_list("tenant_id", "connection_id")[:MOST_AT_ONCE])


def claim(model: Any, tenant_id: int, connection_id: int) -> Connection | None:
    """The connection, to be read now and by nobody else; None while another worker reads it."""
    with tenant_scope(tenant_id):
        free = model.objects.filter(_free(), connection_id=connection_id, **_ACTIVE)
        if not free.update(reading_until=Now() + READING_LEASE):
            return None
        return Connection.objects.select_related("tenant").get(pk=connection_id)


def failed(model: Any, connection: Connection, line: Line, error: VendorError) -> None:
    """It could not be read: nothing of the mirror changes but what is told of it, and it is tried again soon."""
    with tenant_scope(connection.tenant_id):
        model.objects.filter(connection=connection).update(
            reading_until=None,
            error=(error.vendor_message or str(error))[:500],
            error_at=timezone.now(),
            due_at=timezone.now() + timedelta(seconds=settings.SYNC_SECONDS / 4),
        )
        line.close(error)


def ask_for_reading(model: Any, connection_id: int) -> None:
    """The vendor said something that the mirror did not expect: read it again soon."""
    model.objects.filter(connection_id=connection_id).update(due_at=timezone.now())


def refresh(model: Any, connection: Connection, task: str) -> None:
    """A person wants it read now: said to the database, and rung to a worker, so that it does not wait for the beat.

    `task` reads one connection of a tenant. In the caller's transaction.
    """
    model.objects.filter(connection=connection).update(asked_at=timezone.now(), due_at=timezone.now())
    tenant_id, connection_id = connection.tenant_id, connection.pk
    transaction.on_commit(lambda: _ring(task, tenant_id, connection_id))


def _ring(task: str, tenant_id: int, connection_id: int) -> None:
    try:
        current_app.send_task(task, args=(tenant_id, connection_id), queue="sync", retry=False)
    except OperationalError:
        logger.warning("the broker is away; the beat will find the connection that is due")


def _free() -> Q:
    return Q(reading_until=None) | Q(reading_until__lt=Now())


_ACTIVE: dict[str, Any] = {"connection__enabled": True, "tenant__state": "active"}
