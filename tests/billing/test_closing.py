"""A month is closed once, in order, when nothing stands in the way; after that nobody changes it unseen."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from portal.audit.models import Entry
from portal.billing.closing import close, document_for, next_to_close
from portal.billing.contracts import today
from portal.billing.meters import Blocker
from portal.billing.models import Statement, StatementLine
from portal.billing.refusals import Blocked, EarlierMonthOpen, LaterMonthClosed, MonthRunning, NothingToClose
from portal.tenancy.refusals import StaffOnly
from portal.tenancy.scope import staff_scope, tenant_scope
from tests.billing.samples_months import APRIL, FEBRUARY, JANUARY, MARCH, NOW, agreed, at, numbers_of
from tests.fixtures.database import superuser

pytestmark = pytest.mark.django_db


def closed(cast, month: date, acting_user=None, **reason) -> Statement:
    with tenant_scope(cast.acme.pk):
        return close(cast.acme, month, acting_user=acting_user, **reason)


@pytest.fixture
def acme(cast, seats):
    """Acme has five seats from 3 January on."""
    agreed(cast)
    seats.change(cast.acme, 5, at(1, 3))
    return cast.acme


def test_a_closed_month_is_a_statement_with_a_number_and_a_digest(cast, acme):
    statement = closed(cast, JANUARY)
    assert (statement.number, statement.month, statement.gross) == ("2025-0001", JANUARY, Decimal("15.13"))
    assert (statement.closed_by, statement.closed_by_name, len(statement.digest)) == (None, "", 64)
    with tenant_scope(cast.acme.pk):
        document = document_for(cast.acme, JANUARY, now=NOW)
    assert (document.draft, document.number, document.digest) == (False, "2025-0001", statement.digest)
    assert document.lines[0].amount == Decimal("12.50")


def test_numbers_run_on_and_each_statement_names_the_digest_before(cast, acme):
    first, second = closed(cast, JANUARY), closed(cast, FEBRUARY, cast.sue)
    assert numbers_of(acme) == ["2025-0001", "2025-0002"]
    assert (first.previous_digest, second.previous_digest) == ("", first.digest)
    assert second.closed_by_name == "Sue"


def test_closing_again_returns_what_is_closed(cast, acme, seats):
    first = closed(cast, JANUARY)
    seats.change(acme, 9, at(1, 4))
    again = closed(cast, JANUARY, cast.sue)
    assert (again.pk, again.digest, again.closed_at) == (first.pk, first.digest, first.closed_at)
    with staff_scope():
        assert Entry.objects.filter(action="billing.month_closed").count() == 1


def test_the_running_month_is_not_closed(cast, acme):
    with pytest.raises(MonthRunning):
        closed(cast, today())
    assert numbers_of(acme) == []


def test_months_are_closed_in_order(cast, acme):
    with pytest.raises(EarlierMonthOpen, match="January 2025"):
        closed(cast, FEBRUARY)
    closed(cast, JANUARY)
    closed(cast, FEBRUARY)
    assert numbers_of(acme) == ["2025-0001", "2025-0002"]


def test_a_month_before_a_closed_one_stays_open(cast, seats):
    seats.change(cast.acme, 5, at(1, 3))
    closed(cast, FEBRUARY)
    with pytest.raises(LaterMonthClosed, match="January 2025"):
        closed(cast, JANUARY)


def test_months_with_nothing_on_them_are_passed_over(cast, seats):
    agreed(cast, starts_on=JANUARY)
    seats.change(cast.acme, 5, at(3, 3))
    with pytest.raises(NothingToClose, match="January 2025"):
        closed(cast, JANUARY)
    with tenant_scope(cast.acme.pk):
        assert next_to_close(cast.acme, APRIL) == MARCH
    assert closed(cast, MARCH).sequence == 1


def test_what_stands_in_the_way_is_named(cast, acme, seats):
    seats.blockers[acme.pk].append(Blocker("Order 7 has no outcome yet.", "/somewhere/"))
    with pytest.raises(Blocked, match="Order 7 has no outcome yet") as refused:
        closed(cast, JANUARY)
    assert [blocker.url for blocker in refused.value.blockers] == ["/somewhere/"]
    with pytest.raises(Blocked):
        closed(cast, JANUARY, cast.sue)
    assert numbers_of(acme) == []


def test_staff_closes_despite_it_with_a_reason_that_stays(cast, acme, seats):
    seats.blockers[acme.pk].append(Blocker("Order 7 has no outcome yet."))
    statement = closed(cast, JANUARY, cast.sue, force_reason="The vendor confirmed by phone")
    assert statement.reason == "The vendor confirmed by phone"
    assert "by phone" in statement.canonical
    with staff_scope():
        assert Entry.objects.get(action="billing.month_closed").reason == "The vendor confirmed by phone"


def test_a_reason_that_nobody_gave_forces_nothing(cast, acme, seats):
    seats.blockers[acme.pk].append(Blocker("Order 7 has no outcome yet."))
    with pytest.raises(Blocked):
        closed(cast, JANUARY, force_reason="Because")


@pytest.mark.parametrize("name", ["alice", "bill"])
def test_no_member_closes_the_own_bill(cast, acme, name):
    with pytest.raises(StaffOnly):
        closed(cast, JANUARY, getattr(cast, name))


def test_charlie_sees_no_statement_of_acme(cast, acme):
    closed(cast, JANUARY)
    with tenant_scope(cast.globex.pk):
        assert not Statement.objects.exists()
        assert not StatementLine.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one(cast, acme):
    def one(month: date) -> str:
        try:
            return closed(cast, month).digest
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        digests = set(pool.map(one, [JANUARY] * 4))
    assert len(digests) == 1
    assert numbers_of(acme) == ["2025-0001"]


# --- What cannot be changed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("statement", ["update {} set tenant_id = tenant_id", "delete from {}"])
@pytest.mark.parametrize("model", [Statement, StatementLine])
@pytest.mark.parametrize("scope", ["tenant", "staff"])
def test_nobody_changes_or_deletes_one(cast, acme, statement, model, scope):
    closed(cast, JANUARY)
    with (
        tenant_scope(acme.pk) if scope == "tenant" else staff_scope(),
        pytest.raises(DatabaseError, match=r"permission denied|append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(model._meta.db_table))


def copy_of(row, **changes):
    row.pk, row._state.adding = None, True
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(force_insert=True)


def test_a_closed_statement_takes_no_further_line(cast, acme):
    statement = closed(cast, JANUARY)
    with tenant_scope(acme.pk), pytest.raises(DatabaseError, match="no further lines"), transaction.atomic():
        copy_of(statement.lines.get(), position=2)


@pytest.mark.parametrize(
    "changes", [{"sequence": 3}, {"sequence": 2, "month": date(2024, 12, 1)}, {"sequence": 2, "previous_digest": "0"}]
)
def test_no_statement_is_inserted_out_of_order(cast, acme, changes):
    statement = closed(cast, JANUARY)
    fitting = {"month": FEBRUARY, "previous_digest": statement.digest} | changes
    with tenant_scope(acme.pk), pytest.raises(DatabaseError, match="without gaps"), transaction.atomic():
        copy_of(statement, **fitting)


# --- verify_statements --------------------------------------------------------------------------------------------


def verified() -> str:
    out = StringIO()
    call_command("verify_statements", stdout=out)
    return out.getvalue()


def flaw() -> str:
    out = StringIO()
    with pytest.raises(CommandError) as ended:
        call_command("verify_statements", stdout=out)
    assert ended.value.returncode == 1
    return out.getvalue()


@pytest.fixture
def three(transactional_db, cast, acme):
    """January to March, closed and committed."""
    return [closed(cast, month) for month in (JANUARY, FEBRUARY, MARCH)]


def by_superuser(statement: str) -> None:
    assert superuser().execute(statement).rowcount > 0


def test_untouched_statements_are_in_order(cast, three):
    assert "3 statements" in verified()


@pytest.mark.parametrize(
    "change",
    ["net = net - 1", "canonical = replace(canonical, '12.50', '02.50')", "digest = repeat('0', 64)",
     "closed_at = closed_at + interval '1 microsecond'", "reason = 'x'", "tenant_name = 'Acmee'",
     "previous_digest = repeat('0', 64)", "drawn_at = drawn_at - interval '1 day'", "vat_rate = 9"],
)  # fmt: skip
def test_an_altered_statement_is_named(cast, three, change):
    by_superuser(f"update billing_statement set {change} where sequence = 2")
    found = flaw()
    assert "acme 2025-0002" in found
    assert "acme 2025-0001" not in found


@pytest.mark.parametrize(
    "change",
    ["value = value - 1", "amount = amount - 1", "person = 'Mallory'", "note = 'by_days'", "label = 'x'", "levels = '[]'",
     "reached_at = now()", "at_most = 9", "object_id = 9", "lasted = '1 s'"],
)  # fmt: skip
def test_an_altered_line_is_named(cast, three, change):
    by_superuser(f"update billing_statementline set {change} where statement_id = {three[1].pk}")
    assert "acme 2025-0002" in flaw()


def test_a_line_that_was_taken_out_is_missed(cast, three):
    by_superuser(f"delete from billing_statementline where statement_id = {three[0].pk}")
    assert "acme 2025-0001" in flaw()


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_statement_that_was_taken_out_is_missed(cast, three, number):
    statement = three[number - 1]
    by_superuser(f"delete from billing_statementline where statement_id = {statement.pk}")
    by_superuser(f"delete from billing_statement where id = {statement.pk}")
    assert f"acme {statement.number}: is missing" in flaw()


def test_one_that_was_replaced_consistently_does_not_fit_the_trail(cast, three):
    """Whoever can write to the database can make a digest; the act in the audit trail says another."""
    by_superuser(
        'update billing_statement set net = 0, canonical = replace(canonical, \'"net":"12.50"\', \'"net":"0.00"\')'
    )
    by_superuser("update billing_statement set digest = encode(sha256(canonical::bytea), 'hex')")
    found = flaw()
    assert "acme 2025-0001" in found


def test_the_owner_of_the_table_is_bound_too(cast, three):
    with psycopg.connect(superuser().info.dsn) as owner:
        owner.execute("set role portal_owner")
        owner.execute("set lock_timeout = '10s'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            owner.execute("delete from billing_statementline")


def test_closing_takes_place_now(cast, acme):
    before = timezone.now()
    assert before <= closed(cast, JANUARY).closed_at <= timezone.now()
