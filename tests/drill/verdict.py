"""The journal laid beside the vendor's own ledger of effects: what happened twice, what never happened, what nobody knows."""

from collections import Counter
from dataclasses import dataclass, field

from portal.operations.models import Operation, Status
from portal.tenancy.scope import tenant_scope
from provisioning import ledger
from provisioning.models import Drift, Inventory, Order, Product, Subscriber
from sandbox.control import SandboxControl
from telephony.models import Drift as SipDrift
from telephony.models import SipAccount, SipLevel
from tests.drill.plan import Account

# done = one effect, refused or cancelled = none, anything else at most one.
ALLOWED = {Status.DONE: {1}, Status.REFUSED: {0}, Status.CANCELLED: {0}}
EFFECT_OF = {
    "provisioning.order_products": "order_taken",
    "provisioning.create_subscriber": "subscriber_created",
    "provisioning.delete_subscriber": "subscriber_deleted",
    "telephony.create_sip_account": "sip_account_created",
    "telephony.delete_sip_account": "sip_account_deleted",
}


@dataclass
class Verdict:
    statuses: Counter = field(default_factory=Counter)
    resent: int = 0
    looked: int = 0
    slowest: tuple[float, str] = (0.0, "")
    doubled: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    mirror_off: list[str] = field(default_factory=list)

    @property
    def operations(self) -> int:
        return sum(self.statuses.values())

    def lines(self) -> list[str]:
        return [
            f"operations     {self.operations}",
            *(f"  {status:<13}{number}" for status, number in sorted(self.statuses.items())),
            f"sent again     {self.resent} (after a proof of absence)",
            f"looked up      {self.looked}",
            f"slowest        {self.slowest[0]:.0f} s, {self.slowest[1]}",
            *(
                f"{name:<15}{len(found)}" + "".join(f"\n  {each}" for each in found)
                for name, found in (
                    ("doubled", self.doubled),
                    ("lost", self.lost),
                    ("invented", self.invented),
                    ("unexplained", self.unexplained),
                    ("mirror is off", self.mirror_off),
                )
            ),
        ]


def compare(accounts: list[Account], control: SandboxControl) -> Verdict:
    verdict = Verdict()
    for account in accounts:
        effects = _effects(control, account.client_id)
        with tenant_scope(account.tenant.pk):
            for operation in Operation.objects.order_by("pk"):
                _judge(verdict, account, operation, effects)
            _judge_mirror(verdict, account, control)
            _judge_telephony(verdict, account, control)
        verdict.invented += [f"{account.client_id}: {key}" for key, number in effects.items() if number > 0]
    return verdict


def _effects(control: SandboxControl, client_id: str) -> Counter:
    """How often each thing really happened, by what identifies it."""
    effects: Counter = Counter()
    for effect in control.iterate_ledger(client_id):
        facts = effect["facts"]
        if effect["cause"] == "behind":
            continue
        if effect["kind"] == "order_taken":
            effects[("order_taken", facts["type"], facts["quantity"])] += 1
        elif effect["kind"] in EFFECT_OF.values():
            effects[(effect["kind"], facts["username"])] += 1
    return effects


def _judge(verdict: Verdict, account: Account, operation: Operation, effects: Counter) -> None:
    number = effects.pop(_key(operation), 0)
    name = f"{account.client_id}: {operation.get_status_display()} {operation.kind} {operation} ({operation.message})"
    verdict.statuses[operation.status] += 1
    verdict.resent += operation.resend_count
    verdict.looked += operation.attempts.filter(purpose="look").count()
    if operation.ended_at:
        lasted = (operation.ended_at - operation.created_at).total_seconds()
        verdict.slowest = max(verdict.slowest, (lasted, f"{operation.kind} after {operation.attempt_count} attempts"))
    if number > 1:
        verdict.doubled.append(name)
    elif number not in ALLOWED.get(operation.status, {0, 1}):
        (verdict.lost if number == 0 else verdict.doubled).append(name)
    if operation.status not in ALLOWED and not (operation.status == Status.NEEDS_PERSON and operation.message):
        blocked = operation.status == Status.WAITING and _held(operation)
        if not blocked:
            verdict.unexplained.append(name)


def _held(operation: Operation) -> bool:
    """Does it wait behind one that needs a person?"""
    return Operation.objects.in_lane(operation.connection_id, operation.lane).needing_a_person().exists()


def _key(operation: Operation) -> tuple:
    effect, payload = EFFECT_OF[operation.kind], operation.payload
    if effect == "order_taken":
        return (effect, payload["type"], payload["quantity"])
    return (effect, payload["username"])


def _judge_mirror(verdict: Verdict, account: Account, control: SandboxControl) -> None:
    """Where nothing is open, belief must equal fact: level, stock, subscribers, orders; and no drift."""
    if Operation.objects.open().exists():
        return
    truth, product = control.account(account.client_id), Product.objects.get(connection_id=account.connection_id)
    inventory = Inventory.objects.get(product=product)
    pairs = {
        "ledger level": (ledger.level(product), truth["total"]),
        "total": (inventory.total, truth["total"]),
        "available": (inventory.available, truth["available"]),
        "subscribers": (Subscriber.objects.using_a_product().count(), truth["in_use"]),
        "orders": (Order.objects.exclude(number="").count(), len(truth["orders"])),
        "differences": (Drift.objects.open().count(), 0),
    }
    _compare(verdict, account, pairs)


def _judge_telephony(verdict: Verdict, account: Account, control: SandboxControl) -> None:
    """As of video: accounts by name, and the level that is charged for."""
    if account.telephony_id is None or Operation.objects.open().exists():
        return
    truth = sorted(each["username"] for each in control.apidaze(account.client_id)["sip_accounts"])
    ours = SipAccount.objects.filter(state=SipAccount.State.ACTIVE).order_by("username")
    pairs = {
        "SIP accounts": (sorted(ours.values_list("username", flat=True)), truth),
        "level of SIP accounts": (SipLevel.objects.latest("sequence").level, len(truth)),
        "differences of SIP accounts": (SipDrift.objects.open().count(), 0),
    }
    _compare(verdict, account, pairs)


def _compare(verdict: Verdict, account: Account, pairs: dict[str, tuple]) -> None:
    verdict.mirror_off += [
        f"{account.client_id}: {what}: {ours}, truly {theirs}"
        for what, (ours, theirs) in pairs.items()
        if ours != theirs
    ]
