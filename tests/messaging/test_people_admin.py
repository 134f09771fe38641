"""People, senders and rules for support staff: all companies' rows, found by number, and nothing to edit."""

import pytest
from django.urls import reverse

from messaging.models import Sender, SmsRules
from messaging.people.models import Contact, Group, OptOut, Template
from portal.tenancy.scope import staff_scope, tenant_scope
from tests.fixtures.cast import sign_in_with_second_factor
from tests.messaging.samples_of_people import people_of

MODELS = [Sender, SmsRules, Contact, Group, OptOut, Template]


@pytest.fixture
def sue(client, cast):
    sign_in_with_second_factor(client, cast.sue)
    for tenant, owner in ((cast.acme, cast.alice), (cast.globex, cast.charlie)):
        with tenant_scope(tenant.pk):
            people_of(tenant, owner)
            SmsRules.objects.create(tenant=tenant)
    return client


def address(model, page: str, *args: object) -> str:
    return reverse(f"admin:messaging_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", MODELS)
def test_rows_of_all_companies_are_shown_found_by_company_and_not_edited(sue, model):
    listed = sue.get(address(model, "changelist")).content.decode()
    assert "Acme" in listed
    assert "Globex" in listed
    with staff_scope():
        row = model.objects.order_by("pk").first()
    page = address(model, "change", row.pk)
    assert sue.get(page).status_code == 200
    assert sue.post(page, {"name": "Changed"}).status_code == 403
    assert sue.get(address(model, "add")).status_code == 403


@pytest.mark.parametrize(
    ("model", "text"), [(Contact, "anna"), (Contact, "3161234"), (OptOut, "globex 316"), (Sender, "globex")]
)
def test_rows_are_found_by_words_numbers_and_company(sue, model, text):
    found = sue.get(address(model, "changelist"), {"q": text}).context["cl"].result_list
    assert "Globex" in {row.tenant.name for row in found}
    assert not sue.get(address(model, "changelist"), {"q": "zzz"}).context["cl"].result_list
