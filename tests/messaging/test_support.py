"""What support sees: campaigns and messages of all companies, and the vendor's names of a batch in the case file."""

import pytest
from django.test import Client

from messaging.models import Batch
from portal.operations.models import Operation
from portal.operations.registry import names_at_vendor
from portal.tenancy.scope import tenant_scope
from tests.fixtures.cast import sign_in_with_second_factor
from tests.messaging.rows import numbers, sent_campaign, some_connection
from tests.provisioning.pages import text_of


@pytest.fixture
def sue(cast) -> Client:
    client = Client()
    sign_in_with_second_factor(client, cast.sue)
    return client


@pytest.fixture
def campaigns(cast):
    """One of each company."""
    for tenant, name in ((cast.acme, "Spring"), (cast.globex, "Winter")):
        with tenant_scope(tenant.pk):
            sent_campaign(some_connection(tenant), {"delivered": 1}, name=name, text="Hello Anna")


@pytest.mark.parametrize(
    ("asked", "found"), [("spring", {"Spring"}), ("globex", {"Winter"}), ("", {"Spring", "Winter"})]
)
def test_campaigns_are_found_over_all_companies(sue, campaigns, asked, found):
    page = text_of(sue.get("/admin/messaging/campaign/", {"q": asked}))
    assert {name for name in ("Spring", "Winter") if name in page} == found


def test_messages_are_found_by_number_and_keep_their_text(sue, campaigns):
    page = sue.get("/admin/messaging/message/", {"q": numbers(1)[0]})
    assert text_of(page).count(numbers(1)[0]) >= 2
    message = page.context["cl"].result_list[0]
    opened = text_of(sue.get(f"/admin/messaging/message/{message.pk}/change/"))
    assert message.number in opened
    assert "Hello Anna" not in opened


@pytest.mark.parametrize("name", ["batch", "sending", "partssent", "smsaccount"])
def test_the_other_journals_open(sue, campaigns, name):
    assert "Acme" in text_of(sue.get(f"/admin/messaging/{name}/"))


def test_the_case_file_names_what_the_vendor_knows(cast, campaigns):
    with tenant_scope(cast.acme.pk):
        batch = Batch.objects.get()
        told = dict(names_at_vendor(Operation.objects.get(subject_id=batch.pk)))
        assert told["Document ID"] == f"D-{batch.pk}"
        assert told["Sender"] == "Acme"
        assert not [value for value in told.values() if numbers(1)[0] in value or "Hello" in value]
