"""A list becomes messages and lines that are left out; batches; what the check tells."""

import pytest

from messaging.campaigns import audience
from messaging.campaigns.planning import plan_step
from messaging.models import AudienceFile, Batch, Campaign, Contact, Destination, Group, GroupMember, OptOut, SmsRules
from portal.tenancy.scope import tenant_scope


def a_campaign(mailroom, given, text="Hello", **fields) -> Campaign:
    """Planned, in the scope."""
    campaign = Campaign.objects.create(
        tenant=mailroom.tenant,
        connection=mailroom.connection,
        name="Spring",
        text=text,
        sender="Acme",
        state=Campaign.State.CHECKING,
        audience=given.told | fields,
    )
    if given.content is not None:
        AudienceFile.objects.create(tenant=mailroom.tenant, campaign=campaign, content=given.content)
    plan_step(campaign)
    campaign.refresh_from_db()
    return campaign


def some_numbers(count: int) -> audience.Audience:
    return audience.of_numbers("\n".join(f"06{10_000_000 + each}" for each in range(count)))


def left_out(campaign) -> list[tuple[int, str, str]]:
    return [(row.line, row.kind, row.why) for row in campaign.rejected_lines.order_by("pk")]


def test_every_line_is_a_message_or_left_out_with_its_reason(mailroom):
    with mailroom.scope():
        OptOut.objects.create(tenant=mailroom.tenant, number="+31622222222", source="person")
        OptOut.objects.create(
            tenant=mailroom.tenant, number="+31611111111", source="person", lifted_at="2026-01-01T00:00Z"
        )
        given = audience.of_file(
            b"Mobile;Name\n0611111111;Noor\n0622222222;Sam\n+31611111111;Noor\n0633333333;\n+32470123456;Lou\nx;Bo\n"
            b"0633333333;Kim\n",
            "people.csv",
        )
        campaign = a_campaign(mailroom, given, "Hello {{ name }}")
        assert list(campaign.messages.order_by("pk").values_list("number", "text", "line")) == [
            ("+31611111111", "Hello Noor", 2),
            ("+31633333333", "Hello Kim", 8),
        ]
        assert left_out(campaign) == [
            (3, "opted_out", "This number is on the do-not-send list."),
            (4, "duplicate", "The same number as in line 2."),
            (5, "text", "There is nothing to fill “name” with."),
            (6, "country", "This number is of the country BE, to which your rules for sending allow nothing."),
            (7, "invalid", "This is not a telephone number."),
        ]
        assert campaign.plan["left_out"] == {"opted_out": 1, "duplicate": 1, "text": 1, "country": 1, "invalid": 1}
        assert (campaign.state, campaign.recipients, campaign.plan["lines"]) == ("ready", 2, 7)


def test_another_companys_do_not_send_list_counts_for_nothing(mailroom, cast):
    with tenant_scope(cast.globex.pk):
        OptOut.objects.create(tenant=cast.globex, number="+31610000000", source="person")
    with mailroom.scope():
        assert a_campaign(mailroom, some_numbers(1)).recipients == 1


@pytest.mark.parametrize(
    ("recipients", "sizes"),
    [(0, []), (1, [1]), (200, [200]), (201, [200, 1]), (300, [200, 100]), (301, [7, 200, 94]), (407, [7, 200, 200])],
)
def test_a_large_campaign_begins_with_a_small_batch(mailroom, recipients, sizes):
    with mailroom.scope():
        SmsRules.objects.create(tenant=mailroom.tenant, canary_above=300, canary_size=7)
        given = some_numbers(recipients) if recipients else audience.of_numbers("nobody")
        campaign = a_campaign(mailroom, given)
        batches = list(campaign.batches.order_by("number"))
        assert [batch.planned for batch in batches] == sizes
        assert [batch.number for batch in batches] == list(range(1, len(sizes) + 1))
        assert [batch.canary for batch in batches] == [size == 7 for size in sizes]
        assert campaign.plan["calls"] == len(sizes)
        lines = list(campaign.messages.order_by("batch__number", "pk").values_list("line", flat=True))
        assert lines == list(range(1, recipients + 1))


def test_parts_are_priced_by_country(mailroom):
    with mailroom.scope():
        SmsRules.objects.create(tenant=mailroom.tenant, countries=["BE"])
        price = {"tenant": mailroom.tenant, "connection": mailroom.connection}
        Destination.objects.create(**price, country="NL", unit_price="0.0650")
        given = audience.of_numbers("0611111111\n0622222222\n+32470123456")
        campaign = a_campaign(mailroom, given, "é" * 161)
        assert campaign.eur is None
        assert Destination.objects.get(country="BE").unit_price is None
        Destination.objects.filter(country="BE").update(unit_price="0.0890")
        plan_step(campaign)
        assert (campaign.parts, str(campaign.eur)) == (6, "0.44")
        assert campaign.plan["countries"]["BE"] == {"recipients": 1, "parts": 2, "price": "0.0890"}
        assert campaign.plan["parts"] == {"2": 3}


def test_planned_again_nothing_is_left_of_the_first_time(mailroom):
    with mailroom.scope():
        campaign = a_campaign(mailroom, audience.of_numbers("0611111111\n0611111111\n0622222222"))
        plan_step(campaign)
        assert (campaign.messages.count(), campaign.batches.count(), len(left_out(campaign))) == (2, 1, 1)
        assert Batch.objects.get(campaign=campaign).planned == 2


def test_a_text_too_long_for_test_mode_is_left_out(mailroom):
    with mailroom.scope():
        mailroom.connection.sms_account.test_mode = True
        mailroom.connection.sms_account.save()
        given = audience.of_file(f"mobile,name\n0611111111,{'x' * 155}\n0622222222,{'x' * 154}\n".encode(), "a.csv")
        campaign = a_campaign(mailroom, given, "Hello {{ name }}")
        assert left_out(campaign) == [
            (2, "text", "The text has 161 characters for this recipient; at most 160 can be sent.")
        ]
        assert campaign.recipients == 1


def test_characters_of_values_are_counted_and_can_be_replaced(mailroom):
    given = audience.of_file("mobile,name\n0611111111,Łukasz\n0622222222,😀Łu\n0633333333,Bo\n".encode(), "a.csv")
    with mailroom.scope():
        campaign = a_campaign(mailroom, given, "Hello {{ name }}")
        assert campaign.plan["forcing"] == [["Ł", 2], ["😀", 1]]
        assert campaign.plan["encodings"] == {"GSM-7": 1, "UCS-2": 2}
        plain = a_campaign(mailroom, given, "Hello {{ name }}", plain=True)
        assert plain.plan["forcing"] == [["😀", 1]]
        assert set(plain.messages.values_list("text", flat=True)) == {"Hello Lukasz", "Hello 😀Lu", "Hello Bo"}


def test_contacts_of_groups_and_tags_each_once(mailroom):
    with mailroom.scope():
        tenant = mailroom.tenant
        group = Group.objects.create(tenant=tenant, name="Friends")
        people = [
            Contact.objects.create(
                tenant=tenant, number=f"+3161111111{each}", name=name, tags=tags, values={"Town": "Ede"}
            )
            for each, (name, tags) in enumerate([("Noor", ["vip"]), ("Sam", []), ("Kim", ["vip"]), ("Bo", [])])
        ]
        for contact in people[:2]:
            GroupMember.objects.create(tenant=tenant, group=group, contact=contact)
        campaign = a_campaign(mailroom, audience.of_contacts([group.pk], ["vip"], False), "{{ name }} of {{ town }}")
        texts = list(campaign.messages.order_by("pk").values_list("text", flat=True))
        assert texts == ["Noor of Ede", "Sam of Ede", "Kim of Ede"]
        assert a_campaign(mailroom, audience.of_contacts([], [], True)).recipients == 4
