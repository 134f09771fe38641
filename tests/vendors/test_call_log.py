"""The call log ends after CALL_LOG_DAYS, for every tenant, a bounded piece at a time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.tenancy.scope import staff_scope, tenant_scope
from portal.vendors.call_log import purge
from portal.vendors.models import Call, Connection
from portal.vendors.tasks import purge_call_log

pytestmark = pytest.mark.django_db


@pytest.fixture
def old_and_new(cast, settings):
    """For each tenant three calls older than they may be, and one that is not."""
    settings.CALL_LOG_DAYS = 7
    ages = [timedelta(days=days) for days in (30, 9, 8, 6)]
    for tenant in (cast.acme, cast.globex):
        with tenant_scope(tenant.pk):
            connection = Connection.objects.create(tenant=tenant, vendor="kandy", name="Video")
            Call.objects.bulk_create(
                Call(
                    tenant=tenant,
                    connection=connection,
                    started_at=timezone.now() - age,
                    duration_ms=1,
                    method="GET",
                    path=f"/{age.days}",
                )
                for age in ages
            )


def paths() -> list[str]:
    with staff_scope():
        return sorted(Call.objects.values_list("path", flat=True))


def test_old_calls_of_all_tenants_go_and_the_others_stay(old_and_new):
    purge_call_log()
    assert paths() == ["/6", "/6"]


def test_a_run_is_bounded_and_the_next_one_goes_on_with_the_oldest(old_and_new):
    assert purge(batch=2, batches=1) == 2
    assert paths() == ["/6", "/6", "/8", "/8", "/9", "/9"]
    assert purge(batch=2, batches=5) == 4
    assert paths() == ["/6", "/6"]
    assert purge() == 0
