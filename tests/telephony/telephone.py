"""Acme's telephony connection to the sandbox, and a worker that works only when told to, in the test's own process."""

from portal.tenancy.models import Tenant
from portal.vendors.models import Connection
from sandbox.process import SandboxProcess
from telephony import sync
from telephony.models import Drift, ExternalScript, MirrorState, SipAccount
from telephony.operations import Wanted, create_sip_account
from tests.fixtures.account import Account, connected

SECRET = "s3cret-of-the-telephony-account"


class Telephone(Account):
    """One tenant's account at the sandbox."""

    kind, secret = "telephony", SECRET

    def new_connection(self) -> Connection:
        return make_connection(self.tenant, self.client_id, self.sandbox, name=self.client_id)

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


def make_connection(
    tenant: Tenant, client_id: str, sandbox: SandboxProcess, name: str, secret: str = SECRET
) -> Connection:
    return connected(
        tenant,
        "apidaze",
        name,
        base_url=sandbox.apidaze_url,
        token_url=sandbox.token_url,
        client_id=client_id,
        client_secret=secret,
    )
