"""Acme's telephone system at the sandbox, and a worker that works only when told to, in the test's own process."""

from portal.tenancy.models import Tenant
from portal.vendors.models import Connection
from sandbox.process import SandboxProcess
from tests.fixtures.account import Account, connected

SECRET = "s3cret-of-the-telephone-system"


class Switchboard(Account):
    """One tenant's telephone system at the sandbox."""

    kind, secret = "live", SECRET

    def new_connection(self) -> Connection:
        return make_connection(self.tenant, self.client_id, self.sandbox, name=self.client_id)


def make_connection(
    tenant: Tenant, client_id: str, sandbox: SandboxProcess, name: str, secret: str = SECRET
) -> Connection:
    base = f"{sandbox.base_url}/kwebbl/v100"
    return connected(
        tenant,
        "kwebbl",
        name,
        base_url=base,
        token_url=f"{base}/token",
        client_id=client_id,
        client_secret=secret,
    )
