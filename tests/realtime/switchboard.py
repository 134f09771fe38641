"""Acme's telephone system at the sandbox, and a worker that works only when told to, in the test's own process."""

from dataclasses import dataclass, field
from itertools import count

from portal.tenancy.models import Tenant
from portal.vendors.models import Connection, ConnectionState
from realtime.connecting import prepare
from sandbox.process import SandboxProcess
from tests.fixtures.worker import Worker

SECRET = "s3cret-of-the-telephone-system"
_numbers = count(1)


@dataclass
class Switchboard(Worker):
    """One tenant's telephone system at the sandbox, its connection, and by `work()` the worker."""

    tenant: Tenant
    sandbox: SandboxProcess
    client_id: str = ""
    connection: Connection = field(init=False)

    def __post_init__(self) -> None:
        self.client_id = self.client_id or f"{self.tenant.slug}-live-{next(_numbers)}"
        self.control.put_account(self.client_id, SECRET)
        with self.scope():
            self.connection = make_connection(self.tenant, self.client_id, self.sandbox, name=self.client_id)

    @property
    def control(self):
        return self.sandbox.control


def make_connection(
    tenant: Tenant, client_id: str, sandbox: SandboxProcess, name: str, secret: str = SECRET
) -> Connection:
    base = f"{sandbox.base_url}/kwebbl/v100"
    connection = Connection.objects.create(
        tenant=tenant,
        vendor="kwebbl",
        name=name,
        base_url=base,
        token_url=f"{base}/token",
        client_id=client_id,
        client_secret=secret,
    )
    ConnectionState.objects.create(tenant=tenant, connection=connection)
    prepare(connection)
    return connection
