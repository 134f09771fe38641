"""Acme's SMS connection to the sandbox, and a worker that works only when told to, in the test's own process."""

from messaging.models import Batch, Campaign, Message, SmsAccount
from portal.tenancy.models import Tenant
from portal.vendors.models import Connection
from sandbox.process import SandboxProcess
from tests.fixtures.account import Account, connected

SECRET = "s3cret-of-the-sms-account"


class Mailroom(Account):
    """One tenant's SMS account at the sandbox."""

    kind, secret = "sms", SECRET

    def new_connection(self) -> Connection:
        return make_connection(self.tenant, self.client_id, self.sandbox, name=self.client_id)

    def states(self, campaign: Campaign) -> dict[str, str]:
        """The state of each of a campaign's messages, by number."""
        with self.scope():
            return dict(Message.objects.filter(campaign=campaign).values_list("number", "state"))


def make_connection(
    tenant: Tenant, client_id: str, sandbox: SandboxProcess, name: str, secret: str = SECRET
) -> Connection:
    connection = connected(
        tenant,
        "kpn_sms",
        name,
        base_url=sandbox.sms_url,
        token_url=sandbox.token_url,
        client_id=client_id,
        client_secret=secret,
    )
    SmsAccount.objects.filter(connection=connection).update(keys_url=sandbox.keys_url)
    return connection


def some_campaign(connection: Connection, numbers: list[str], **fields: object) -> Campaign:
    """A planned campaign of one batch, as the pre-flight leaves it. Runs in the caller's scope."""
    values = {"name": "Spring", "text": "Hello", "sender": "Acme", "state": Campaign.State.READY} | fields
    campaign = Campaign.objects.create(
        tenant_id=connection.tenant_id, connection=connection, recipients=len(numbers), parts=len(numbers), **values
    )
    batch = Batch.objects.create(tenant_id=connection.tenant_id, campaign=campaign, number=1)
    Message.objects.bulk_create(
        Message(
            tenant_id=connection.tenant_id,
            campaign=campaign,
            batch=batch,
            number=number,
            country="NL",
            parts=1,
            line=line,
        )
        for line, number in enumerate(numbers, 1)
    )
    return campaign
