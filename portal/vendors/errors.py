"""What can go wrong at a vendor, named by the next move and not by status code."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

THROTTLED_FOR = timedelta(seconds=60)


class VendorError(Exception):
    """A vendor call that did not end well.

    `str()` says what happened with status and request id. It never holds a body or a credential: the vendor's own
    words are in `vendor_message` (short, redacted), its code for the error in `vendor_code` ("" when it told none), a
    payload that was not understood in `raw` (redacted).
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        request_id: str | None = None,
        vendor_message: str = "",
        vendor_code: str = "",
        raw: Any = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.request_id = request_id
        self.vendor_message = vendor_message
        self.vendor_code = vendor_code
        self.raw = raw

    def __str__(self) -> str:
        facts = [f"status {self.status}"] if self.status is not None else []
        if self.request_id:
            facts.append(f"request id {self.request_id}")
        return f"{self.message} ({', '.join(facts)})" if facts else self.message


class VendorUnavailable(VendorError):
    """Nothing happened; the same call may be made again later."""


class VendorThrottled(VendorUnavailable):
    """Nothing happened, and no call will be answered before `retry_at` (aware, UTC)."""

    def __init__(self, message: str, *, retry_at: datetime | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.retry_at = retry_at or datetime.now(UTC) + THROTTLED_FOR


class VendorCredentialsRejected(VendorUnavailable):
    """Nothing happened, and nothing will until a person corrects the connection's credentials."""


class VendorConsentMissing(VendorCredentialsRejected):
    """Nothing happened, and nothing will until a person consents on the vendor's own page. Says nothing about credentials."""


class VendorRefused(VendorError):
    """Understood and refused; the same call will be refused again."""


class VendorOutcomeUnknown(VendorError):
    """A write left us and no usable answer came back: look before doing anything else."""


class VendorProtocolError(VendorError):
    """A read was answered with what the manual does not promise: a person must look at `raw`."""


def if_there(read: Callable[[], T]) -> T | None:
    """What the vendor tells of the one thing that `read` asks for by its ID; None where it knows it no more.

    Raises VendorError, where that is no answer either.
    """
    try:
        return read()
    except VendorRefused as refusal:
        if refusal.status != 404:
            raise
        return None
