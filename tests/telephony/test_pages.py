"""The pages of SIP accounts: who may do what, and what a page says."""

from uuid import uuid4

import pytest
from django.urls import reverse

from portal.audit.models import Entry
from telephony.models import Drift
from tests.provisioning.pages import text_of
from tests.telephony.telephone import Telephone


@pytest.fixture
def bob(client, cast, telephone):
    client.force_login(cast.bob)
    return client


@pytest.fixture
def reception(telephone, cast):
    telephone.create("reception", cast.bob, name="Reception", internal_number="101")
    telephone.work()
    return telephone.account()


def url(name: str, *args: object) -> str:
    return reverse(f"telephony:{name}", args=["acme", *args])


def filled(**values: str) -> dict[str, str]:
    blank = dict.fromkeys(("name", "internal_number", "external_number", "mwi_account"), "")
    return {"form_key": str(uuid4())} | blank | values


def test_without_a_connection_the_page_says_what_one_is_for(client, cast):
    client.force_login(cast.vera)
    for name in ("sip_accounts", "differences"):
        assert "No telephony connection yet" in text_of(client.get(url(name)))


def test_an_account_is_asked_for_followed_and_there(bob, telephone):
    page = bob.post(url("sip_account_new"), filled(username="reception", internal_number="101"), follow=True)
    assert "is being created at the vendor" in text_of(page)
    assert 'hx-trigger="every 2s"' in page.content.decode()
    telephone.work()
    page = bob.get(url("sip_account", telephone.account().pk))
    assert "46.101.153.96:4060" in text_of(page)
    assert 'hx-trigger="every 2s"' not in page.content.decode()


def test_an_account_whose_answer_was_lost_is_not_said_to_be_on_its_way(bob, telephone):
    telephone.control.add_fault("lost_answer", method="POST", path="/sipaccounts", times=1)
    bob.post(url("sip_account_new"), filled(username="reception"))
    for page in (url("sip_accounts"), url("sip_account", telephone.account().pk)):
        assert "Being created" in text_of(bob.get(page))
    telephone.work_once()
    for page in (url("sip_accounts"), url("sip_account", telephone.account().pk)):
        told = text_of(bob.get(page))
        assert "Outcome unknown" in told
        assert "Being created" not in told


def test_the_same_form_sent_twice_makes_one_account(bob, telephone):
    form = filled(username="reception")
    first, second = (bob.post(url("sip_account_new"), form) for _ in range(2))
    assert first.url == second.url
    telephone.work()
    assert telephone.effects("sip_account_created") == 1


def test_another_username_on_a_form_that_was_sent_is_not_made_and_that_is_told(bob, telephone):
    form = filled(username="reception")
    bob.post(url("sip_account_new"), form, follow=True)
    told = text_of(bob.post(url("sip_account_new"), form | {"username": "workshop"}, follow=True))
    assert "This form was sent before" in told
    assert telephone.usernames("requested") == ["reception"]


def test_a_change_on_a_form_that_was_sent_is_not_made_and_that_is_told(bob, telephone):
    bob.post(url("sip_account_new"), filled(username="reception"))
    telephone.work()
    pk, form = telephone.account().pk, filled(name="Front desk")
    bob.post(url("sip_account_edit", pk), form, follow=True)
    told = text_of(bob.post(url("sip_account_edit", pk), form | {"name": "Back door"}, follow=True))
    assert "This form was sent before" in told
    telephone.work()
    assert telephone.account().name == "Front desk"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"username": "a b"}, "marks that SIP allows"),
        ({"username": ""}, "required"),
        ({"username": "ok", "external_number": "hello"}, "is no telephone number"),
        ({"username": "ok", "internal_number": "x"}, "neither an extension"),
    ],
)
def test_bad_input_is_told_beside_its_field_and_nothing_is_asked_for(bob, telephone, values, words):
    answer = bob.post(url("sip_account_new"), filled(**values))
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert telephone.usernames("requested") == []


def test_a_name_taken_at_the_vendor_is_told_on_the_accounts_page(bob, telephone):
    telephone.control.add_sip_account_behind(telephone.client_id, "reception")
    bob.post(url("sip_account_new"), filled(username="reception"))
    telephone.work()
    text = text_of(bob.get(url("sip_account", telephone.account().pk)))
    assert "The vendor refused it" in text
    assert "No SIP account was made" in text


def test_an_account_is_changed(bob, telephone, reception):
    form = filled(name="Front desk", internal_number="101")
    assert "on its way to the vendor" in text_of(bob.post(url("sip_account_edit", reception.pk), form, follow=True))
    telephone.work()
    assert telephone.account().name == "Front desk"
    again = filled(name="Front desk", internal_number="101")
    assert "Nothing differs" in text_of(bob.post(url("sip_account_edit", reception.pk), again, follow=True))


def test_an_account_is_deleted_after_a_question(bob, telephone, reception):
    assert "signed out" in text_of(bob.get(url("sip_account_delete", reception.pk)))
    bob.post(url("sip_account_delete", reception.pk), {"form_key": str(uuid4())})
    telephone.work()
    assert telephone.account().state == "deleted"
    assert "is being deleted at the vendor" in text_of(bob.get(url("sip_accounts")))
    assert "reception" not in text_of(bob.get(url("sip_accounts")))
    assert "reception" in text_of(bob.get(url("sip_accounts"), {"state": "all"}))


def test_the_password_is_shown_once_for_each_time_it_is_asked_for(bob, telephone, reception):
    with telephone.scope():
        password = reception.password.reveal()
    form = {"form_key": str(uuid4())}
    page = bob.post(url("sip_password", reception.pk), form)
    assert password in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert password not in bob.post(url("sip_password", reception.pk), form, follow=True).content.decode()
    assert password not in bob.get(url("sip_account", reception.pk)).content.decode()
    with telephone.scope():
        assert Entry.objects.filter(action="telephony.password_revealed").count() == 1


def test_no_page_and_no_file_has_a_password(bob, telephone, reception):
    with telephone.scope():
        password = reception.password.reveal()
    for address in (url("sip_accounts"), url("sip_account", reception.pk), url("sip_account_edit", reception.pk)):
        assert password not in bob.get(address).content.decode()


def test_an_account_is_found_by_the_list_and_by_the_search(bob, telephone, reception):
    for text in ("recep", "front", "101"):
        found = text_of(bob.get(url("sip_accounts"), {"q": text}))
        assert ("reception" in found) == (text != "front")
    assert "reception" in text_of(bob.get("/t/acme/search/", {"q": "reception"}))


def test_viewers_and_strangers(client, cast, telephone, reception):
    client.force_login(cast.vera)
    assert "Show the password" not in text_of(client.get(url("sip_account", reception.pk)))
    for name in ("sip_password", "sip_account_edit", "sip_account_delete"):
        assert client.post(url(name, reception.pk)).status_code == 403
    client.force_login(cast.charlie)
    assert client.get(url("sip_account", reception.pk)).status_code == 404
    assert client.get(reverse("telephony:sip_account", args=["globex", reception.pk])).status_code == 404


def test_a_difference_is_decided_by_an_admin_with_a_reason(client, cast, telephone):
    telephone.control.add_sip_account_behind(telephone.client_id, "carol", name="Carol")
    telephone.sync()
    with telephone.scope():
        difference = Drift.objects.get()
    client.force_login(cast.bob)
    assert "carol" in text_of(client.get(url("differences")))
    assert client.post(url("difference_adopt", difference.pk), {"reason": "Ours"}).status_code == 403
    client.force_login(cast.adam)
    assert client.post(url("difference_adopt", difference.pk), filled(reason="")).status_code == 422
    page = client.post(url("difference_adopt", difference.pk), filled(reason="Ours"), follow=True)
    assert "Adopted" in text_of(page)
    assert telephone.usernames() == ["carol"]
    again = client.post(url("difference_adopt", difference.pk), filled(reason="Ours"), follow=True)
    assert "no longer open" in text_of(again)


def test_a_reading_that_failed_is_told_until_one_succeeds(bob, telephone):
    telephone.control.add_fault("status", status=503, path="/sipaccounts", client_id=telephone.client_id, times=1)
    telephone.sync()
    assert "The vendor could not be read" in text_of(bob.get(url("sip_accounts")))
    telephone.sync()
    assert "The vendor could not be read" not in text_of(bob.get(url("sip_accounts")))


def test_a_refresh_is_asked_for_and_followed(bob, telephone):
    page = bob.post(url("refresh"), follow=True)
    assert "The vendor is being asked" in text_of(page)
    assert "Reading from the vendor" in text_of(page)
    telephone.sync()
    assert "Reading from the vendor" not in text_of(bob.get(url("sip_accounts")))


def test_pages_ask_few_questions_at_any_number_of_accounts(
    client, cast, sandbox, telephone, django_assert_max_num_queries
):
    other = Telephone(cast.acme, sandbox)
    other.control.add_sip_accounts_behind(other.client_id, 120)
    other.sync()
    client.force_login(cast.bob)
    of_other = {"connection": other.connection.pk}
    shown = client.get(url("sip_accounts"), of_other).content.decode()
    assert shown.count("/telephony/accounts/") >= 25
    for address, query in (
        (url("sip_accounts"), of_other),
        (url("sip_accounts"), of_other | {"q": "user1"}),
        (url("differences"), of_other),
        (url("sip_account", other.account().pk), {}),
    ):
        with django_assert_max_num_queries(12):
            assert client.get(address, query).status_code == 200
