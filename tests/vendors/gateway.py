"""An account's tokens at KPN's gateway, and a way to an API behind it."""

from portal.vendors.http import CallRecord, Limits, Redactor, VendorHttp, fetch_token
from sandbox.process import SandboxProcess

LIMITS = Limits(connect_timeout=2, read_timeout=5, total_timeout=10)


class GatewayTokens:
    """Asked for when needed."""

    def __init__(self, sandbox: SandboxProcess, client_id: str, secret: str) -> None:
        self._token_url = sandbox.token_url
        self._credentials = client_id, secret
        self._token = ""

    def current(self) -> str:
        return self._token or self.renew("")

    def renew(self, rejected: str) -> str:
        told = fetch_token(
            self._token_url, *self._credentials, limits=LIMITS, redactor=Redactor(), on_call=lambda record: None
        )
        self._token = told.value
        return self._token


def way_to(
    url: str, tokens: GatewayTokens, log: list[CallRecord] | None = None, *, redactor: Redactor | None = None
) -> VendorHttp:
    """`log` gets what the call log would keep."""
    kept = [] if log is None else log
    return VendorHttp(url, tokens=tokens, limits=LIMITS, redactor=redactor or Redactor(), on_call=kept.append)
