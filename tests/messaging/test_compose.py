"""A campaign is written on one page, checked in the background, and shown before anything leaves."""

import re
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging.models import AudienceFile, Batch, Campaign, Contact, DaySum, Message, RejectedLine, SmsRules, Template
from portal.audit.models import Entry

NUMBERS = "06 12345678\n+31687654321, 0031611111111\n06-12345678\n020 1234567"


def told(answer) -> str:
    return answer.content.decode()


def test_pasted_numbers_become_messages_and_the_page_shows_what_would_be_sent(press):
    campaign = press.planned(numbers=NUMBERS)
    assert campaign.state == "ready"
    assert list(press.texts(campaign)) == ["+31612345678", "+31687654321", "+31611111111"]
    assert {line: kind for line, (kind, _why) in press.left_out(campaign).items()} == {3: "duplicate", 4: "invalid"}
    page = press.page("preflight", campaign)
    assert "Release to 3 recipients" in page
    assert "The list has 5 lines." in page
    assert "not agreed" in page


def test_a_form_sent_twice_is_one_campaign(press):
    key = str(uuid4())
    first, second = (press.send(numbers=NUMBERS, form_key=key) for _time in range(2))
    assert first.url == second.url
    with press.mailroom.scope():
        assert Campaign.objects.count() == 1


def test_going_back_and_changing_the_form_changes_the_campaign_that_it_made(press):
    key = str(uuid4())
    press.planned(numbers=NUMBERS, text="Sale on Monday", form_key=key)
    campaign = press.planned(numbers="06 12345678", text="Sale on Tuesday", form_key=key)
    assert campaign.text == "Sale on Tuesday"
    assert list(press.texts(campaign)) == ["+31612345678"]
    with press.mailroom.scope():
        assert Campaign.objects.count() == 1


def test_the_form_of_a_released_campaign_changes_it_no_more_and_says_so(press):
    key = str(uuid4())
    campaign = press.planned(numbers=NUMBERS, text="Sale on Monday", form_key=key)
    press.client.post(press.url("campaign_release", campaign.pk), {"planned_at": campaign.planned_at.isoformat()})
    answer = press.send(numbers=NUMBERS, text="Sale on Tuesday", form_key=key)
    assert answer.status_code == 422
    assert "released already, so it can no longer be changed" in told(answer)


def test_one_number_is_a_campaign_of_one(press):
    assert list(press.texts(press.planned(source="single", number="06 1234 5678"))) == ["+31612345678"]
    assert "no such telephone number" in told(press.send(source="single", number="0612345"))


def have_contacts(press, **tags: list[str]) -> None:
    with press.mailroom.scope():
        for number, (name, theirs) in enumerate(tags.items()):
            Contact.objects.create(tenant=press.mailroom.tenant, number=f"+3161234567{number}", name=name, tags=theirs)


def boxes(page: str) -> list[tuple[str, bool]]:
    """The tags that can be ticked, and whether they are."""
    found = re.findall(r'<input type="checkbox" name="tags" value="([^"]*)"([^>]*)>', page)
    return [(tag, "checked" in rest) for tag, rest in found]


def test_contacts_by_tags_that_are_ticked(press):
    have_contacts(press, Noor=["vip", "customer"], Sam=["customer"], Kim=["supplier"])
    assert boxes(told(press.client.get(press.url("campaign_new")))) == [
        ("customer", False),
        ("supplier", False),
        ("vip", False),
    ]
    campaign = press.planned(source="contacts", tags=["vip", "supplier"], text="Hi {{ name }}")
    assert press.texts(campaign) == {"+31612345670": "Hi Noor", "+31612345672": "Hi Kim"}
    assert boxes(press.page("campaign_edit", campaign)) == [("customer", False), ("supplier", True), ("vip", True)]


def test_a_chosen_tag_that_nobody_has_any_more_stays_to_be_unticked(press):
    have_contacts(press, Noor=["vip"], Sam=["customer"])
    campaign = press.planned(source="contacts", tags=["vip"])
    with press.mailroom.scope():
        Contact.objects.filter(name="Noor").delete()
    assert boxes(press.page("campaign_edit", campaign)) == [("customer", False), ("vip", True)]
    assert "No contact is in these groups" in told(press.send(campaign, source="contacts", tags=["vip"]))


def test_a_tag_of_nobody_is_not_taken(press):
    have_contacts(press, Noor=["vip"])
    assert "Select a valid choice" in told(press.send(source="contacts", tags=["other"]))


def test_ticked_tags_stay_ticked_when_a_template_is_taken_without_script(press):
    have_contacts(press, Noor=["vip", "customer"])
    page = press.send(source="contacts", tags=["vip", "customer"], act="template").content.decode()
    assert boxes(page) == [("customer", True), ("vip", True)]


def test_a_file_whose_column_is_not_clear_asks_for_it(press):
    campaign = press.of_file("Hello", b"a,b\n0612345678,0687654321\n")
    assert campaign.state == "draft"
    assert "Choose the column" in press.page("preflight", campaign)
    assert "Choose the column" in told(press.send(campaign, source="file", column=""))
    campaign = press.planned(campaign, source="file", column="1", text="Call {{ a }}")
    assert press.texts(campaign) == {"+31687654321": "Call 0612345678"}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"numbers": ""}, "There is no number."),
        ({"numbers": "06\x00"}, "control characters"),
        ({"numbers": "1" * 2_000_001}, "too long"),
        ({"source": "file"}, "Choose a file."),
        ({"numbers": "0612345678", "text": "Hello {{ name }}"}, "only a file or contacts have values"),
        ({"numbers": "0612345678", "text": "Hello {{ name"}, "is not whole"),
        ({"numbers": "0612345678", "text": "x" * 1_001}, "has 1001 characters; at most 1000"),
        ({"numbers": "0612345678", "sender": "Bank"}, "Select a valid choice"),
        ({"numbers": "0612345678", "when": "at"}, "Enter the date and the time."),
        ({"numbers": "0612345678", "when": "at", "starts_at": "2020-01-01T12:00"}, "from now on"),
        ({"numbers": "0612345678", "when": "at", "starts_at": "2027-03-28T02:30"}, "time zone"),
        ({"numbers": "0612345678", "source": "everybody"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_is_told_beside_its_field(press, fields, sentence):
    answer = press.send(**fields)
    assert answer.status_code == 422
    assert sentence in told(answer).replace("&#x27;", "'")
    with press.mailroom.scope():
        assert not Campaign.objects.exists()


def test_a_place_that_no_column_fills_is_told_with_the_columns(press):
    answer = press.send(source="file", file=b"mobile;name\n0612345678;Noor\n", text="Hi {{ nam }}")
    assert "No column of the file is called “nam”. It has: name." in told(answer)


def test_a_time_is_of_the_companys_clocks(press):
    # Amsterdam is two hours ahead in summer.
    campaign = press.planned(numbers="0612345678", when="at", starts_at="2027-06-01T09:30", expires_in="3600")
    assert campaign.starts_at.isoformat() == "2027-06-01T07:30:00+00:00"
    assert campaign.expires_in == 3600
    assert 'value="2027-06-01T09:30"' in press.page("campaign_edit", campaign)


def test_edited_it_is_planned_anew(press):
    campaign = press.planned(numbers=NUMBERS)
    assert "+31687654321, 0031611111111" in press.page("campaign_edit", campaign)
    again = press.planned(campaign, numbers="0622222222", text="Goodbye")
    assert again.pk == campaign.pk
    assert list(press.texts(again)) == ["+31622222222"]
    assert press.left_out(again) == {}
    with press.mailroom.scope():
        entry = Entry.objects.get(action="messaging.campaign_changed")
        assert (entry.before["lines"], entry.after["lines"]) == (5, 1)
        assert "Goodbye" not in str(entry.after)


def test_what_was_released_can_no_longer_be_changed(press):
    campaign = press.planned(numbers=NUMBERS)
    with press.mailroom.scope():
        Campaign.objects.update(state=Campaign.State.SCHEDULED)
    assert press.send(campaign, numbers="0622222222").status_code == 302
    for button in ("plan_again", "replace_characters", "campaign_discard"):
        press.press(button, campaign)
    assert len(press.texts(campaign)) == 3
    assert "It has been released" in press.page("preflight", campaign)
    assert press.campaign().text == "Hello"


def test_discarded_nothing_is_left_of_it(press):
    campaign = press.planned(numbers=NUMBERS)
    press.press("campaign_discard", campaign)
    with press.mailroom.scope():
        kept = [model.objects.count() for model in (Campaign, AudienceFile, Batch, Message, RejectedLine)]
        assert kept == [0, 0, 0, 0, 0]
        assert Entry.objects.filter(action="messaging.campaign_discarded").count() == 1
    assert press.press("campaign_discard", campaign).status_code == 404
    assert press.mailroom.effects("sms_sent") == 0


def test_checking_again_takes_what_holds_now(press):
    campaign = press.planned(numbers="+32470123456\n0612345678")
    assert campaign.recipients == 1
    with press.mailroom.scope():
        SmsRules.objects.create(tenant=press.mailroom.tenant, countries=["BE"])
    press.press("plan_again", campaign)
    assert "2 lines are being checked" in press.page("preflight", campaign)
    press.press("plan_again", campaign)
    press.work()
    assert press.campaign().recipients == 2
    with press.mailroom.scope():
        assert Entry.objects.filter(action="messaging.campaign_checked_again").count() == 1


def test_characters_are_replaced_on_request(press):
    campaign = press.planned(numbers="0612345678", text="“Hello” 😀")
    assert "Replace them by the nearest" in press.page("preflight", campaign)
    press.press("replace_characters", campaign)
    press.work()
    campaign = press.campaign()
    assert campaign.text == '"Hello" 😀'
    page = press.page("preflight", campaign)
    assert "U+1F600" in page
    assert "Replace them by the nearest" not in page


def test_the_buttons_beside_the_text_work_without_javascript(press):
    with press.mailroom.scope():
        template = Template.objects.create(tenant=press.mailroom.tenant, name="Parcel", text="Your parcel…")
    answer = press.send(act="template", template=str(template.pk), numbers="0612345678")
    assert "Your parcel…</textarea>" in told(answer)
    assert "0612345678</textarea>" in told(answer)
    answer = press.send(act="replace", text="Your parcel…")
    assert "Your parcel...</textarea>" in told(answer)
    with press.mailroom.scope():
        assert not Campaign.objects.exists()


def test_the_check_is_watched_until_it_is_over(press):
    press.send(numbers=NUMBERS)
    campaign = press.campaign()
    watched = press.client.get(press.url("preflight_now", campaign.pk))
    assert "5 lines are being checked" in told(watched)
    press.work()
    assert press.client.get(press.url("preflight_now", campaign.pk)).headers["HX-Refresh"] == "true"


def test_the_days_bounds_and_a_second_person_are_told(press):
    with press.mailroom.scope():
        tenant = press.mailroom.tenant
        rules = SmsRules.objects.create(tenant=tenant, most_recipients_a_day=10, second_person_above=2)
    campaign = press.planned(numbers=NUMBERS, when="at", starts_at="2027-06-01T09:30")
    page = press.page("preflight", campaign)
    assert "10 of 10" in page
    assert "Above 2 recipients somebody else confirms it" in page
    with press.mailroom.scope():
        DaySum.objects.create(tenant=tenant, day="2027-06-01", recipients=8)
        DaySum.objects.create(tenant=tenant, day="2027-06-02", recipients=1)
    page = press.page("preflight", campaign)
    assert "2 of 10" in page
    assert "It needs more than is left that day" in page
    assert "Release to" not in page
    assert rules.most_recipients_a_day == 10


def test_vera_looks_and_does_not_touch(press, cast):
    campaign = press.planned(numbers=NUMBERS)
    press.client.force_login(cast.vera)
    page = press.page("preflight", campaign)
    assert "+31612345678" in page
    assert "Release to" not in page
    assert press.client.get(press.url("campaign_new")).status_code == 403


def test_lines_left_out_as_a_file_for_spreadsheets(press):
    campaign = press.planned(numbers="0612345678\n=1+1\n0612345678")
    answer = press.client.get(press.url("preflight_lines_csv", campaign.pk))
    assert told(answer).splitlines()[1:] == [
        "2,'=1+1,Not a mobile number,This is not a telephone number.",
        "3,0612345678,Twice in the list,The same number as in line 1.",
    ]


@pytest.mark.parametrize("name", ["campaign_edit", "preflight", "preflight_lines"])
def test_a_page_asks_as_often_for_many_lines_as_for_few(press, name):
    few = press.planned(numbers=NUMBERS)
    many = press.planned(numbers="\n".join([*(f"06{10_000_000 + each}" for each in range(2_000)), *["020 1"] * 300]))
    asked = []
    for campaign in (few, many):
        press.page(name, campaign)
        with CaptureQueriesContext(connection) as queries:
            press.page(name, campaign)
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 12
