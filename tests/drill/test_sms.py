"""Campaigns under faults: workers killed, answers lost, the broker emptied. Everybody is reached at most once, nobody is lost.

`make drill-sms` runs the one with 20,000 recipients. People do what people would: let a stopped campaign go on, cancel one,
opt out; and in the end look at the vendor for what nobody else can know.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from django.contrib.auth import get_user_model
from django.db.models.functions import Now

from messaging.campaigns import release
from messaging.models import Campaign, Message, MessageState, Sending
from messaging.people.models import OptOut
from messaging.people.optouts import opt_out
from messaging.reports.addresses import report_url
from portal.operations import decisions
from portal.operations.models import Operation, Status
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope, tenant_scope
from tests.drill.plan import FAULTS
from tests.drill.test_drill import SEED, Chaos
from tests.messaging.dispatch import keep_rules, planned
from tests.messaging.mailroom import SECRET, make_connection

RECIPIENTS = int(os.environ.get("DRILL_RECIPIENTS", "600"))
TENANTS = 4
IN_A_BATCH = 50 if RECIPIENTS > 2_000 else 10
QUITTERS = RECIPIENTS // 200
PATIENCE_SECONDS = 120 + RECIPIENTS / 20
M = MessageState
# By the ledger of the vendor: how often somebody in this state may have been reached.
ALLOWED = {M.HANDED_OVER: {1}, M.UNKNOWN: {0, 1}, M.REFUSED: {0}, M.SKIPPED: {0}, M.CANCELLED: {0}}


@dataclass
class Company:
    tenant: Tenant
    client_id: str
    campaign: Campaign

    def fresh(self) -> Campaign:
        with tenant_scope(self.tenant.pk):
            return Campaign.objects.get(pk=self.campaign.pk)


@dataclass
class People:
    """What people do meanwhile, by the drill's seed."""

    companies: list[Company]
    person: object
    vendor_says_slow_down: Callable[[], bool]
    rng: random.Random = field(default_factory=lambda: random.Random(SEED))
    resumed: int = 0
    cancelled: bool = False

    def act(self) -> None:
        for company in self.companies:
            if company.fresh().state == Campaign.State.STOPPED:
                with tenant_scope(company.tenant.pk):
                    release.resume(company.campaign, reason="it is a drill", acting_user=self.person)
                self.resumed += 1
        self._cancel_the_last()

    def _cancel_the_last(self) -> None:
        """Once the vendor took half of it and takes no more: part of it is under way then, and part was never asked for."""
        if self.cancelled or not self.vendor_says_slow_down():
            return
        last = self.companies[-1]
        with tenant_scope(last.tenant.pk):
            release.cancel(last.campaign, acting_user=self.person)
        self.cancelled = True

    def opt_out(self) -> set[str]:
        """Some of the first company's recipients, after the release."""
        company = self.companies[0]
        with tenant_scope(company.tenant.pk):
            numbers = list(Message.objects.filter(campaign=company.campaign).values_list("number", flat=True))
            quitters = set(self.rng.sample(numbers, QUITTERS))
            opt_out(company.tenant.pk, quitters, OptOut.Source.PERSON, acting_user=self.person)
        return quitters

    def decide(self, truth: dict[str, set[str]]) -> tuple[int, int]:
        """Look at the vendor for each batch that nobody knows of: (marked as done, sent again)."""
        done = again = 0
        for company in self.companies:
            with tenant_scope(company.tenant.pk):
                for operation in Operation.objects.needing_a_person().order_by("pk"):
                    sending = Sending.objects.filter(batch=operation.subject_id).latest("number")
                    if report_url(sending) in truth[company.client_id]:
                        decisions.mark_done(operation, reference="told", reason="it left", acting_user=self.person)
                        done += 1
                    else:
                        decisions.send_again(operation, reason="it did not leave", acting_user=self.person)
                        again += 1
        return done, again


@pytest.fixture
def people(transactional_db, sandbox) -> People:
    person = get_user_model().objects.create(email="ann@drill.example")
    companies = [company_of(f"drill-sms-{number}", sandbox, person, careful=number == 1) for number in range(TENANTS)]
    answer_to_the_first_is_lost(sandbox, companies[1])
    return People(companies, person, takes_half(sandbox, companies[-1]))


def answer_to_the_first_is_lost(sandbox, company: Company) -> None:
    """Its campaign, which sends one batch alone before all others, stops by itself for certain."""
    rule = {"client_id": company.client_id, "method": "POST", "times": 1, "after_work": True}
    sandbox.control.add_fault("reset", **rule)


def takes_half(sandbox, company: Company) -> Callable[[], bool]:
    """The vendor takes half of a company's batches at most; whether it refused one since."""
    batches = RECIPIENTS // TENANTS // IN_A_BATCH
    rule = {"client_id": company.client_id, "method": "POST", "skip": batches // 2, "seconds": 2}
    fault = sandbox.control.add_fault("throttle", **rule)
    return lambda: sandbox.control.fault(fault["id"])["struck"] > 0


def company_of(client_id: str, sandbox, person, *, careful: bool) -> Company:
    """`careful` ones send their first batch alone."""
    sandbox.control.put_account(client_id, SECRET)
    sandbox.control.sms_settings(client_id, mode="none")
    with staff_scope():
        tenant = Tenant.objects.create(name=client_id, slug=client_id)
    keep_rules(tenant.pk, most_recipients_a_day=None, second_person_above=None)
    with tenant_scope(tenant.pk):
        connection = make_connection(tenant, client_id, sandbox, name=client_id)
    sizes = [IN_A_BATCH] * (RECIPIENTS // TENANTS // IN_A_BATCH)
    campaign = planned(connection, *sizes[careful:], canary=IN_A_BATCH * careful)
    with tenant_scope(tenant.pk):
        release.release(campaign, planned_at=campaign.planned_at, acting_user=person)
    return Company(tenant, client_id, campaign)


def let_leases_run_out(companies: list[Company]) -> None:
    """Of the turns that somebody may have died in: half a minute of production, at once."""
    for company in companies:
        with tenant_scope(company.tenant.pk):
            Campaign.objects.exclude(lease_until=None).update(lease_until=Now())


def all_rest(companies: list[Company], also: tuple[str, ...] = ()) -> bool:
    """Every campaign is over, and no operation moves."""
    over = all(company.fresh().ended_at for company in companies)
    with staff_scope():
        moving = Operation.objects.open().exclude(status__in=also)
        return over and not moving.exists()


def accounted(people: People, control) -> Iterator[tuple[Message, int]]:
    """Each message, and how often its recipient was really reached."""
    for company in people.companies:
        reached = Counter(each["number"] for each in control.sms(company.client_id))
        with tenant_scope(company.tenant.pk):
            for message in Message.objects.filter(campaign=company.campaign).select_related("batch"):
                yield message, reached.pop(message.number, 0)
        assert not reached, "nobody is reached whom nobody meant"


def test_everybody_is_reached_at_most_once_and_nobody_is_lost(people, sandbox, start_process, tmp_path, capsys):
    control, began = sandbox.control, time.monotonic()
    for number, fault in enumerate(FAULTS):
        control.add_fault(**fault, seed=SEED + number)
    quitters = people.opt_out()
    chaos, give_up = Chaos(start_process, sandbox, tmp_path / "beat"), began + PATIENCE_SECONDS
    while not all_rest(people.companies, also=(Status.NEEDS_PERSON,)) and time.monotonic() < give_up:
        before = chaos.kills
        chaos.strike()
        if chaos.kills > before:
            let_leases_run_out(people.companies)
        people.act()
        time.sleep(0.2)
    control.remove_faults()
    control.wait_until_quiet()
    truth = {each.client_id: {sms["webhook_url"] for sms in control.sms(each.client_id)} for each in people.companies}
    done, again = people.decide(truth)
    while not all_rest(people.companies) and time.monotonic() < give_up:
        time.sleep(0.2)

    found = list(accounted(people, control))
    states = Counter(message.state for message, _reached in found)
    wrong = [
        f"{each.number}: {each.state}, reached {n}" for each, n in found if n not in ALLOWED.get(each.state, set())
    ]
    with staff_scope():
        looked = Operation.objects.filter(attempts__purpose="look").distinct().count()
    with capsys.disabled():
        print(f"\ndrill-sms: {len(found)} recipients in batches of {IN_A_BATCH}, {time.monotonic() - began:.0f} s;")
        print(
            f"{chaos.kills} workers killed, broker emptied {chaos.flushes} times, vendor restarted {chaos.vendor_restarts};"
        )
        print(f"{looked} batches with a lost answer; campaigns stopped and resumed {people.resumed} times;")
        print(f"in the end people marked {done} batches as done and sent {again} again")
        print(f"reached twice  {sum(n > 1 for _each, n in found)}")
        print("\n".join(f"  {state:<13}{number}" for state, number in sorted(states.items())))
        print(f"unexplained    {len(wrong)}")
    assert [f"{each.number}: {n}" for each, n in found if n > 1] == []
    assert wrong == []
    assert len(found) == RECIPIENTS // TENANTS // IN_A_BATCH * IN_A_BATCH * TENANTS
    assert all_rest(people.companies)
    first = people.companies[0].campaign.pk
    assert {each.number for each, n in found if each.campaign_id == first and each.number in quitters and n} == set()
    # Controls: without kills, lost answers and stops nothing would have been shown.
    assert chaos.kills >= 2
    assert looked > 0
    assert done + again > 0
    assert people.resumed > 0
    assert states[M.CANCELLED] > 0
    assert states[M.SKIPPED] == len(quitters)
