"""Acme's telephone system with people in it, connected by grants that the vendor gave without a consent page."""

import time
from dataclasses import dataclass

from portal.tenancy.models import User
from realtime import sync
from realtime.extensions.models import Extension
from realtime.grants.models import Grant
from realtime.models import RealtimeAccount
from realtime.subscriptions.models import Subscription
from tests.realtime.switchboard import SECRET, Switchboard

DIRECTORY = ["company.users", "company.dialplans"]
EVERYTHING = [*DIRECTORY, "user.info", "calls.events"]
PRESENCE = [*DIRECTORY, "calls.events.presence"]
# A worker of its own has to start first.
PATIENCE = 60


@dataclass
class Office(Switchboard):
    """`alice` is the admin of the telephone system; `bob`, `vera` and `adam` have telephones, too."""

    conversation: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.control.put_account(self.client_id, SECRET)

    def connect(self, granted_by: User, scopes: list[str], *, login: str = "alice", user: User | None = None) -> Grant:
        """As after a walk over the consent page; an earlier grant of the same person ends."""
        told = self.control.kwebbl_grant(self.client_id, login, scopes)
        with self.scope():
            Grant.objects.filter(connection=self.connection, user=user).update(state="ended")
            return Grant.objects.create(
                tenant=self.tenant,
                connection=self.connection,
                user=user,
                scopes=scopes,
                access_token=told["access_token"],
                refresh_token=told["refresh_token"],
                granted_by=granted_by,
            )

    def want(self, *purposes: str) -> None:
        with self.scope():
            RealtimeAccount.objects.update(purposes=list(purposes))

    def sync(self) -> None:
        with self.scope():
            RealtimeAccount.objects.update(reading_until=None)
        sync.read_connection(self.tenant.pk, self.connection.pk)

    def settle_down(self, rounds: int = 3) -> None:
        """Readings and the worker in turn, as beat would, until what was begun is through."""
        for _ in range(rounds):
            self.sync()
            self.work()

    def account(self) -> RealtimeAccount:
        with self.scope():
            return RealtimeAccount.objects.get(connection=self.connection)

    def extension(self, name: str) -> Extension:
        with self.scope():
            return Extension.objects.get(name=name)

    def numbers(self, **fits: object) -> list[str]:
        with self.scope():
            return sorted(Extension.objects.filter(**fits).values_list("number", flat=True))

    def subscriptions(self, *states: str) -> list[Subscription]:
        with self.scope():
            rows = Subscription.objects.select_related("grant").order_by("pk")
            return list(rows.filter(state__in=states) if states else rows)

    def states(self) -> list[str]:
        return [row.state for row in self.subscriptions()]

    def truth(self) -> dict:
        return self.control.kwebbl(self.client_id)

    def standing(self) -> list[dict]:
        """The subscriptions that really stand at the vendor."""
        return [row for row in self.truth()["subscriptions"] if not row.get("cancelled_at")]

    def wait_until_told(self) -> None:
        """Until a worker of its own has read the directory, and the vendor tells of calls."""
        ends = time.monotonic() + PATIENCE
        while not (self.subscriptions("active") and self.account().read_at):
            assert time.monotonic() < ends, f"after {PATIENCE} s the subscriptions are {self.states()}"
            time.sleep(0.2)

    def ring(self, caller: str, callee: str) -> None:
        """A call begins; what `step` does happens to this one."""
        self.conversation = self.control.start_call(self.client_id, caller, callee)["conversation"]

    def step(self, step: str) -> None:
        self.control.step_call(self.client_id, self.conversation, step)
