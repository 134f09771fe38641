"""The pages of contacts, groups, templates and the do-not-send list: what a person does there and reads afterwards."""

import pytest
from django.urls import reverse

from messaging.people.contacts import Person, keep_contacts
from messaging.people.groups import make_group
from messaging.people.models import Contact, Group, OptOut, Template
from messaging.people.optouts import opt_out, opted_out
from portal.tenancy.scope import tenant_scope
from tests.messaging.people import ANNA, BELGIAN, BEN, sent, url
from tests.provisioning.pages import text_of


@pytest.fixture
def bob(client, cast):
    client.force_login(cast.bob)
    return client


@pytest.fixture
def acme(cast):
    with tenant_scope(cast.acme.pk):
        yield cast.acme


@pytest.fixture
def two(acme, cast):
    """Anna, a customer in the group VIP; Ben, who is on the do-not-send list."""
    group = make_group(acme, "VIP", acting_user=cast.bob)
    keep_contacts(acme, [Person(ANNA, "Anna de Vries", ["customer"])], group=group, acting_user=cast.bob)
    keep_contacts(acme, [Person(BEN, "Ben")], acting_user=cast.bob)
    opt_out(acme.pk, [BEN], OptOut.Source.REPLY, "STOP", acting_user=None)
    return group


def names(page) -> list[str]:
    return [contact.name for contact in page.context["page"].items]


def test_a_contact_is_added_with_its_number_as_it_is_sent_to(bob, acme):
    page = sent(bob, "contact_new", number="06 1234 5671", name="Anna", tags="Customer, VIP", values="city = Utrecht")
    assert "“Anna” is in the contacts" in text_of(page)
    anna = Contact.objects.get()
    assert (anna.number, anna.tags, anna.values) == (ANNA, ["customer", "vip"], {"city": "Utrecht"})


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"number": "020 1234567"}, "mobile number."),
        ({"number": BELGIAN}, "BE"),
        ({"number": ANNA, "values": "no equals sign"}, "Line 1 is no value"),
        ({"number": ANNA, "tags": ",".join(f"t{n}" for n in range(21))}, "At most 20 tags"),
    ],
)
def test_what_cannot_be_kept_is_told_beside_its_field(bob, acme, values, told):
    answer = sent(bob, "contact_new", **values)
    assert answer.status_code == 422
    assert told in text_of(answer)
    assert not Contact.objects.exists()


def test_a_taken_number_is_told(bob, two):
    answer = sent(bob, "contact_new", number=ANNA, name="Another")
    assert answer.status_code == 422
    assert "already" in text_of(answer)


def test_a_contact_is_changed_and_its_story_tells_by_whom(bob, two):
    anna = Contact.objects.get(number=ANNA)
    page = sent(bob, "contact_edit", anna.pk, number=ANNA, name="Anna Bos", tags="", values="")
    told = text_of(page)
    assert "Anna Bos" in told
    assert "Contact changed" in told
    assert Contact.objects.get(number=ANNA).tags == []


def test_contacts_are_found_by_name_number_group_tag_and_list(bob, two):
    def found(**query) -> list[str]:
        return names(bob.get(url("contacts"), query))

    assert found() == ["Anna de Vries", "Ben"]
    assert found(q="vries") == ["Anna de Vries"]
    for number in ("06 1234567", "0031612345", "+31 6 12345672", "316"):
        assert "Ben" in found(q=number), number
    assert found(q="0612345671") == ["Anna de Vries"]
    assert found(group=two.pk) == found(tag="Customer") == found(opted_out="no") == ["Anna de Vries"]
    assert found(opted_out="yes") == ["Ben"]
    assert found(sort="-name") == ["Ben", "Anna de Vries"]


def test_a_contact_on_the_list_says_so(bob, two):
    page = text_of(bob.get(url("contact", Contact.objects.get(number=BEN).pk)))
    assert "Nothing is sent to this number" in page
    assert "VIP" not in page


def test_a_group_is_made_renamed_left_and_deleted(bob, two):
    assert "“Partners” is there" in text_of(sent(bob, "group_new", name="Partners"))
    assert "Another group has this name" in text_of(sent(bob, "group_new", name="VIP"))
    assert "“Best” now" in text_of(sent(bob, "group_rename", two.pk, name="Best"))
    anna = Contact.objects.get(number=ANNA)
    page = text_of(sent(bob, "group_leave", two.pk, anna.pk))
    assert "It is in no group" in page
    assert "Its contacts stay" in text_of(sent(bob, "group_delete", two.pk))
    assert list(Group.objects.values_list("name", flat=True)) == ["Partners"]
    assert Contact.objects.count() == 2


def test_numbers_are_entered_one_a_line_and_wrong_ones_named_by_it(bob, acme):
    answer = sent(bob, "opt_out_new", numbers="0612345671\n\n020 1234567\nx", note="")
    told = text_of(answer)
    assert answer.status_code == 422
    assert "Line 3:" in told
    assert "Line 4:" in told
    assert opted_out([ANNA]) == set()
    page = sent(bob, "opt_out_new", numbers=f"0612345671\n{BELGIAN}", note="By letter")
    assert "2 numbers were put on the list" in text_of(page)
    assert opted_out([ANNA, BELGIAN]) == {ANNA, BELGIAN}
    assert "stood on the list already" in text_of(sent(bob, "opt_out_new", numbers=ANNA))


def test_admins_take_a_number_off_with_a_reason(client, cast, two):
    standing = OptOut.objects.get(number=BEN)
    client.force_login(cast.adam)
    assert "Answered with a stop word" in text_of(client.get(url("opt_out_lift", standing.pk)))
    assert sent(client, "opt_out_lift", standing.pk, reason=" ").status_code == 422
    page = sent(client, "opt_out_lift", standing.pk, reason="He asked for it")
    assert f"{BEN} may be sent to again" in text_of(page)
    assert opted_out([BEN]) == set()
    lifted = text_of(client.get(url("opt_outs"), {"state": "lifted"}))
    assert "He asked for it" in lifted
    assert sent(client, "opt_out_lift", standing.pk, reason="Again").status_code == 422


def test_the_list_is_searched_by_number_note_and_source(bob, two, acme, cast):
    opt_out(acme.pk, [ANNA], OptOut.Source.PERSON, "By letter", acting_user=cast.bob)

    def found(**query) -> set[str]:
        return {each.number for each in bob.get(url("opt_outs"), query).context["page"].items}

    assert found() == {ANNA, BEN}
    assert found(q="06 12345671") == found(q="letter") == found(source="person") == {ANNA}
    assert found(state="lifted") == set()


def test_a_template_is_written_changed_and_deleted(bob, acme):
    sent(bob, "template_new", name="Reminder", text="Hello {{ name }}")
    answer = sent(bob, "template_new", name="Reminder", text="Another")
    assert answer.status_code == 422
    kept = Template.objects.get()
    assert (kept.text, kept.changed_by.name) == ("Hello {{ name }}", "Bob")
    page = sent(bob, "template_edit", kept.pk, name="Reminder", text="Dear {{ name }}")
    assert "Dear {{ name }}" in page.content.decode()
    assert sent(bob, "template_edit", kept.pk, name="Reminder", text="x" * 1_001).status_code == 422
    sent(bob, "template_delete", kept.pk)
    assert not Template.objects.exists()


def test_a_templates_text_is_measured_and_its_characters_are_replaced_before_it_is_kept(bob, acme):
    page = sent(bob, "template_new", name="Parcel", text="Your parcel comes…", act="replace").content.decode()
    assert "Your parcel comes...</textarea>" in page
    assert "GSM-7" in page
    assert not Template.objects.exists()
    page = sent(bob, "template_new", name="", text="Your parcel comes…").content.decode()
    assert "UCS-2" in page


OFFERED = {
    "contacts": "contact_new",
    "groups": "group_new",
    "opt_outs": "opt_out_new",
    "templates": "template_new",
    "senders": "sender_new",
    "rules": "rules_change",
}


@pytest.mark.parametrize(("page", "change"), OFFERED.items())
def test_viewers_see_and_are_offered_no_change(client, cast, two, page, change):
    for person, offered in ((cast.vera, False), (cast.alice, True)):
        client.force_login(person)
        assert (url(change) in client.get(url(page)).content.decode()) is offered


def test_nothing_yet_says_what_to_do_first(client, cast):
    client.force_login(cast.vera)
    for page, told in {
        "contacts": "No contacts yet",
        "groups": "No groups yet",
        "opt_outs": "Nobody is on the list",
        "templates": "No templates yet",
        "senders": "No senders yet",
    }.items():
        assert told in text_of(client.get(url(page)))


def test_the_search_of_all_pages_finds_a_contact(bob, two):
    page = bob.get(reverse("search:found", args=["acme"]), {"q": "vries"})
    assert url("contact", Contact.objects.get(number=ANNA).pk) in page.content.decode()


def test_a_large_group_is_shown_as_a_small_one_is(bob, two, monkeypatch):
    small = names(bob.get(url("contacts"), {"group": two.pk}))
    monkeypatch.setattr("messaging.people.forms.FEW", 0)
    assert names(bob.get(url("contacts"), {"group": two.pk})) == small == ["Anna de Vries"]
