"""What a worker holds while it carries out or looks up one operation."""

import os
import socket
from typing import Any

from django.conf import settings

from portal.operations.models import Attempt, Operation
from portal.tenancy.scope import tenant_scope
from portal.vendors.http import VendorHttp
from portal.vendors.line import Line

WORKER = f"{socket.gethostname()}:{os.getpid()}"


class Work:
    """One attempt under way: the operation as it was claimed, the line to its vendor, and facts kept before sending."""

    def __init__(self, operation: Operation, attempt: Attempt, claimed_at: float) -> None:
        self.operation, self.attempt = operation, attempt
        # Nothing may leave so late that its answer would come after the lease: by then somebody else decides.
        send_by = claimed_at + settings.OPERATION_LEASE_SECONDS - settings.VENDOR_TOTAL_TIMEOUT
        self._send_by = send_by if attempt.purpose == Attempt.Purpose.SEND else None
        self.line = Line(operation.connection, known=operation.connection.health, send_by=self._send_by)

    @property
    def http(self) -> VendorHttp:
        return self.line.http

    def call_at(self, base_url: str) -> VendorHttp:
        """`http` from now on: another API that the same credentials open. Before the first call."""
        connection = self.operation.connection
        self.line = Line(connection, known=connection.health, send_by=self._send_by, base_url=base_url)
        return self.line.http

    def remember(self, **facts: Any) -> None:
        """Keep facts with the attempt before anything leaves; the settling look compares with them."""
        self.attempt.facts |= facts
        with tenant_scope(self.operation.tenant_id):
            Attempt.objects.filter(pk=self.attempt.pk).update(facts=self.attempt.facts)

    def sending_facts(self) -> dict[str, Any]:
        """For a look: what the sending kept, and when it began."""
        with tenant_scope(self.operation.tenant_id):
            sending = Attempt.objects.filter(operation=self.operation, purpose=Attempt.Purpose.SEND).latest("number")
        return {"sent_at": sending.started_at, **sending.facts}
