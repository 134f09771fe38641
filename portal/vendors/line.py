"""A line to a vendor over one connection: opened with its credentials, closed with what was learned of it.

No database transaction may be open while a line is in use; every look-up here is short and its own.
"""

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings

from portal.tenancy.sealing import SealBroken
from portal.vendors.errors import VendorError
from portal.vendors.health import learn
from portal.vendors.http import CallRecord, Limits, Redactor, TokenSource, VendorHttp
from portal.vendors.models import Call, Connection, ConnectionState
from portal.vendors.redaction import SHORTEST_LEARNED
from portal.vendors.registry import carries_personal, tokens_of
from portal.vendors.shared_token import SharedToken


def limits() -> Limits:
    return Limits(
        connect_timeout=settings.VENDOR_CONNECT_TIMEOUT,
        read_timeout=settings.VENDOR_READ_TIMEOUT,
        total_timeout=settings.VENDOR_TOTAL_TIMEOUT,
        max_answer_bytes=settings.VENDOR_MAX_ANSWER_BYTES,
        list_timeout=settings.VENDOR_LIST_TIMEOUT,
        max_list_bytes=settings.VENDOR_MAX_LIST_BYTES,
        proxy_url=settings.VENDOR_PROXY_URL,
        public_only=not settings.VENDOR_ALLOW_INSECURE_URLS,
    )


class Line:
    """`http` makes calls; `calls` are those made. `close()` writes them down, inside the caller's transaction."""

    def __init__(
        self,
        connection: Connection,
        *,
        known: ConnectionState | None = None,
        send_by: float | None = None,
        base_url: str = "",
        tokens: Callable[..., TokenSource] | None = None,
        within: Limits | None = None,
    ) -> None:
        """`known` is the connection's state where it has been read a moment ago already.

        `base_url` is of another API that the same credentials open; the connection's own unless given. `tokens` makes the
        source of tokens, where it is not the vendor's usual one. `within` are the bounds of its calls; `limits()` unless given.
        """
        self.connection, self.known = connection, known
        self.calls: list[CallRecord] = []
        # Were the newest of the calls made to the token endpoint? Then the API itself has said nothing yet.
        self.at_token = False
        self._send_by, self._base_url = send_by, base_url or connection.base_url
        self._limits = within or limits()
        self.redactor = Redactor(_secrets_of(connection), personal=carries_personal(connection.vendor))
        self.http = self.over(tokens or tokens_of(connection.vendor) or SharedToken)

    def over(self, tokens: Callable[..., TokenSource]) -> VendorHttp:
        """As `http`, with another source of tokens; its calls are of this line, too."""
        return VendorHttp(
            self._base_url,
            tokens=tokens(self.connection, self._limits, self.redactor, self.heard_token, self.known),
            limits=self._limits,
            redactor=self.redactor,
            on_call=self._heard,
            send_by=self._send_by,
        )

    def close(
        self, error: VendorError | None = None, *, operation_id: int | None = None, attempt: int | None = None
    ) -> timedelta:
        """Log the calls, keep quota and health. Returns how long no further call should leave."""
        calls, self.calls = self.calls, []
        Call.objects.bulk_create(
            [_logged(self.connection, record, operation_id, attempt) for record in calls], batch_size=100
        )
        return learn(self.connection, calls, error, self.known)

    def _heard(self, record: CallRecord) -> None:
        self.calls.append(record)
        self.at_token = False

    def heard_token(self, record: CallRecord) -> None:
        """An exchange with the token endpoint."""
        self.calls.append(record)
        self.at_token = True


def _secrets_of(connection: Connection) -> list[str]:
    """What may never be written down. A short client ID would be found in half of the words."""
    try:
        client_id = connection.client_id.reveal()
        return [connection.client_secret.reveal(), *([client_id] if len(client_id) >= SHORTEST_LEARNED else [])]
    except SealBroken:
        # Nothing will be sent with them either.
        return []


def _logged(connection: Connection, record: CallRecord, operation_id: int | None, attempt: int | None) -> Call:
    return Call(
        tenant_id=connection.tenant_id,
        connection=connection,
        operation_id=operation_id,
        attempt_number=attempt,
        started_at=record.started_at,
        duration_ms=record.duration_ms,
        method=record.method,
        path=record.path[:500],
        status=record.status,
        vendor_request_id=record.request_id or "",
        request=record.request,
        response=record.response,
        error=record.error[:300],
    )
