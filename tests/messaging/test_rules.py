"""Rules for sending: defaults without a row, changes by admins with before and after, and what makes no sense is refused."""

from datetime import time
from decimal import Decimal

import pytest

from messaging.models import SmsRules
from messaging.rules import change_rules, rules_of
from portal.audit.models import Entry
from portal.tenancy.scope import tenant_scope
from tests.messaging.people import sent, url
from tests.provisioning.pages import text_of

USUAL = {
    "countries": "",
    "quiet_from": "",
    "quiet_until": "",
    "most_recipients_a_day": "10000",
    "most_eur_a_day": "",
    "second_person_above": "1000",
    "canary_above": "1000",
    "canary_size": "50",
    "stop_above_percent": "30",
    "keep_text_days": "90",
}


@pytest.fixture
def acme(cast):
    with tenant_scope(cast.acme.pk):
        yield cast.acme


@pytest.fixture
def adam(client, cast):
    client.force_login(cast.adam)
    return client


def change(client, **wanted):
    return sent(client, "rules_change", **USUAL | wanted)


def test_without_a_row_the_defaults_hold_and_none_is_made(acme):
    rules = rules_of(acme.pk)
    assert (rules.pk, rules.most_recipients_a_day, rules.canary_size, rules.keep_text_days) == (None, 10_000, 50, 90)
    assert not SmsRules.objects.exists()


def test_a_change_is_kept_and_on_record_with_before_and_after(adam, acme):
    page = change(adam, countries="be, DE nl", quiet_from="21:00", quiet_until="08:00", most_eur_a_day="250.50")
    assert "The rules are kept" in text_of(page)
    rules = rules_of(acme.pk)
    assert rules.countries == ["BE", "DE"]
    assert (rules.quiet_from, rules.quiet_until, rules.most_eur_a_day) == (time(21), time(8), Decimal("250.50"))
    entry = Entry.objects.get(action="messaging.rules_changed")
    before = {"countries": [], "quiet_from": None, "quiet_until": None, "most_eur_a_day": None}
    after = {"countries": ["BE", "DE"], "quiet_from": "21:00", "quiet_until": "08:00", "most_eur_a_day": "250.50"}
    assert (entry.before, entry.after) == (before, after)


def test_the_page_tells_every_rule_and_who_changed_it(adam, acme):
    change(adam, second_person_above="", quiet_from="21:00", quiet_until="08:00")
    told = text_of(adam.get(url("rules")))
    assert "21:00" in told
    assert "A second person above so many recipients no bound" in told
    assert "Sending rules changed" in told


def test_nothing_changed_is_nothing_on_record(adam, acme):
    change(adam)
    assert not Entry.objects.filter(action="messaging.rules_changed").exists()
    assert not SmsRules.objects.exists()


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"quiet_from": "21:00"}, "or neither"),
        ({"quiet_from": "21:00", "quiet_until": "21:00"}, "at another time"),
        ({"countries": "BE, Mars"}, "“MARS” is no country"),
        ({"canary_size": "0"}, "greater than or equal to 1"),
        ({"canary_size": "201"}, "less than or equal to 200"),
        ({"stop_above_percent": "101"}, "less than or equal to 100"),
        ({"keep_text_days": "0"}, "greater than or equal to 1"),
        ({"most_eur_a_day": "-1"}, "greater than or equal to 0"),
        ({"most_recipients_a_day": "99999999999"}, "less than or equal to"),
    ],
)
def test_what_makes_no_sense_is_told_and_nothing_is_kept(adam, acme, wanted, told):
    answer = change(adam, **wanted)
    assert answer.status_code == 422
    assert told in text_of(answer)
    assert not SmsRules.objects.exists()


def test_operators_see_them_and_cannot_change_them(client, cast):
    client.force_login(cast.bob)
    assert "An owner or an admin can change them" in text_of(client.get(url("rules")))
    assert change(client).status_code == 403


def test_rules_of_one_company_are_not_those_of_another(acme, cast):
    change_rules(acme, {"countries": ["BE"]}, acting_user=cast.adam)
    with tenant_scope(cast.globex.pk):
        assert rules_of(cast.globex.pk).countries == []
