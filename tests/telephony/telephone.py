"""Acme's telephony connection to the sandbox, and a worker that works only when told to, in the test's own process."""

from dataclasses import dataclass, field
from itertools import count

from portal.tenancy.models import Tenant
from portal.vendors.models import Connection, ConnectionState
from sandbox.process import SandboxProcess
from telephony import sync
from telephony.connecting import prepare
from telephony.models import Drift, ExternalScript, MirrorState, SipAccount
from telephony.operations import Wanted, create_sip_account
from tests.fixtures.worker import Worker

SECRET = "s3cret-of-the-telephony-account"
_numbers = count(1)


@dataclass
class Telephone(Worker):
    """One tenant's account at the sandbox, its connection, and by `work()` the worker."""

    tenant: Tenant
    sandbox: SandboxProcess
    client_id: str = ""
    connection: Connection = field(init=False)

    def __post_init__(self) -> None:
        self.client_id = self.client_id or f"{self.tenant.slug}-telephony-{next(_numbers)}"
        self.control.put_account(self.client_id, SECRET)
        with self.scope():
            self.connection = make_connection(self.tenant, self.client_id, self.sandbox, name=self.client_id)

    @property
    def control(self):
        return self.sandbox.control

    def sync(self) -> None:
        sync.read_connection(self.tenant.pk, self.connection.pk)

    def create(self, username: str, who, **fields: str) -> SipAccount:
        with self.scope():
            return create_sip_account(self.connection, username, Wanted(**fields), acting_user=who)

    def account(self, username: str = "") -> SipAccount:
        """The latest one, of that name where one is given."""
        with self.scope():
            rows = SipAccount.objects.filter(username__iexact=username) if username else SipAccount.objects.all()
            return rows.latest("pk")

    def usernames(self, state: str = "active") -> list[str]:
        with self.scope():
            return list(SipAccount.objects.filter(state=state).order_by("username").values_list("username", flat=True))

    def differences(self) -> list[tuple[str, str]]:
        with self.scope():
            return list(Drift.objects.open().order_by("kind", "key").values_list("kind", "key"))

    def mirror(self) -> MirrorState:
        with self.scope():
            return MirrorState.objects.get(connection=self.connection)

    def script(self) -> ExternalScript | None:
        with self.scope():
            return ExternalScript.objects.filter(connection=self.connection).first()

    def truth(self) -> dict:
        return self.control.apidaze(self.client_id)

    def effects(self, kind: str) -> int:
        """How often something really happened at the vendor."""
        return len(self.control.ledger(self.client_id, kind=kind))


def make_connection(
    tenant: Tenant, client_id: str, sandbox: SandboxProcess, name: str, secret: str = SECRET
) -> Connection:
    connection = Connection.objects.create(
        tenant=tenant,
        vendor="apidaze",
        name=name,
        base_url=sandbox.apidaze_url,
        token_url=sandbox.token_url,
        client_id=client_id,
        client_secret=secret,
    )
    ConnectionState.objects.create(tenant=tenant, connection=connection)
    prepare(connection)
    return connection
