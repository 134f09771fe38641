"""The bell, the list and the preferences, as people use them."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.notices import keeping, registry
from portal.notices.models import Delivery, Notice, Preference
from portal.notices.raising import raise_notice, resolve_notice
from portal.notices.registry import Mail, kinds, kinds_for
from portal.operations.notices import NEEDS_PERSON
from portal.tenancy.models import Role
from portal.tenancy.scope import staff_scope, tenant_scope
from portal.vendors.notices import BROKEN
from tests.notices.conftest import bell_of, page_of, plain

HOME = "/t/acme/notices/"


@pytest.fixture
def acme(cast):
    return lambda: tenant_scope(cast.acme.pk)


@pytest.fixture
def happen(cast, acme):
    def happen(key: object = 1, label: str = "Anna", kind=NEEDS_PERSON, **more) -> int:
        with acme():
            args = {"label": label, "trouble": "unknown", "connection": label}
            raise_notice(kind, cast.acme.pk, key, args, subject=cast.acme, **more)
            return Notice.objects.latest("pk").pk

    return happen


@pytest.fixture
def bob(client, cast) -> Client:
    client.force_login(cast.bob)
    return client


def form_of(answer) -> dict[str, str]:
    """What the preferences' form would send as it is shown."""
    form = answer.context["form"]
    sent = {"form_key": str(form["form_key"].value())}
    for name in form.fields:
        if name.startswith("mail."):
            sent[name] = str(form[name].value())
        elif name.startswith("portal.") and form[name].value():
            sent[name] = "on"
    return sent


# --- The list -----------------------------------------------------------------------------------------------------


def test_each_is_told_once_however_often_it_is_met(happen, acme, cast):
    for _ in range(20):
        happen()
    with acme():
        assert Notice.objects.count() == 1
        assert Delivery.objects.count() == 3, "owner, admin, operator"


def test_who_has_no_say_in_it_is_not_told(happen, cast):
    happen()
    assert [bell_of(person) for person in (cast.alice, cast.adam, cast.bob, cast.bill, cast.vera)] == [
        "1",
        "1",
        "1",
        "",
        "",
    ]
    assert "No notices yet" in page_of(cast.vera)


def test_another_company_sees_nothing_of_it(happen, cast, client):
    happen()
    client.force_login(cast.charlie)
    assert client.get(HOME).status_code == 404
    assert "No notices yet" in plain(client.get("/t/globex/notices/").content.decode())
    with tenant_scope(cast.globex.pk):
        assert not Notice.objects.exists()
        assert not Delivery.objects.exists()


def test_a_notice_is_read_by_going_where_it_leads(happen, bob, cast):
    pk = happen()
    assert bell_of(cast.bob) == "1"
    assert bob.head(f"{HOME}{pk}/").status_code == 302
    assert bell_of(cast.bob) == "1", "a look at the headers is no reading"
    assert bob.get(f"{HOME}{pk}/")["Location"].startswith("/t/acme/activity/")
    assert bell_of(cast.bob) == ""
    assert bell_of(cast.adam) == "1"


def test_one_is_marked_as_read(happen, bob, cast):
    first, _second = happen(1), happen(2)
    assert bob.post(f"{HOME}{first}/")["Location"] == HOME
    assert bell_of(cast.bob) == "1"


def test_all_are_marked_as_read(happen, bob, cast):
    happen(1), happen(2)
    assert bob.post(f"{HOME}read/").status_code == 302
    assert (bell_of(cast.bob), bell_of(cast.adam)) == ("", "2")


def test_what_is_over_is_shown_as_such_and_not_counted(happen, acme, cast):
    happen()
    with acme():
        resolve_notice(NEEDS_PERSON, cast.acme.pk, 1)
    assert bell_of(cast.bob) == ""
    assert "over since" in page_of(cast.bob)
    assert "Nothing needs somebody" in page_of(cast.bob, "?show=open")


def test_many_unread_are_counted_to_99(happen, cast):
    for number in range(101):
        happen(number)
    assert bell_of(cast.bob) == "99+"


def test_long_lists_have_pages(happen, bob):
    for number in range(35):
        happen(number, f"Person {number}")
    first = bob.get(HOME)
    assert len(first.context["page"].items) == 30
    rest = bob.get(HOME, {"cursor": first.context["page"].next_cursor})
    assert [delivery.notice.args["label"] for delivery in rest.context["page"].items] == [
        f"Person {number}" for number in (4, 3, 2, 1, 0)
    ]


def test_a_notice_of_a_kind_that_is_gone_is_still_a_row(happen, bob, monkeypatch):
    pk = happen()
    monkeypatch.delitem(registry._kinds, NEEDS_PERSON.name)
    answer = bob.get(HOME)
    assert answer.status_code == 200
    assert bob.get(f"{HOME}{pk}/")["Location"] == HOME


def test_a_page_of_many_costs_as_much_as_a_page_of_one(happen, bob):
    happen(1)
    bob.get(HOME)
    with CaptureQueriesContext(connection) as one:
        bob.get(HOME)
    for number in range(2, 20):
        happen(number)
    with CaptureQueriesContext(connection) as many:
        bob.get(HOME)
    assert len(many) == len(one) <= 11


# --- Preferences --------------------------------------------------------------------------------------------------


def test_every_kind_that_a_role_may_get_can_be_chosen(bob):
    answer = bob.get(f"{HOME}preferences/")
    offered = {row.kind.name for _group, rows in answer.context["form"].groups() for row in rows}
    assert offered == {kind.name for kind in kinds_for(Role.OPERATOR)}
    assert NEEDS_PERSON.name in offered
    assert "vendors.credentials_end" not in offered


def test_choices_are_kept_and_hold_for_what_happens_then(bob, cast, acme, happen):
    answer = bob.get(f"{HOME}preferences/")
    sent = form_of(answer) | {f"mail.{NEEDS_PERSON.name}": "never"}
    del sent[f"portal.{BROKEN.name}"]
    assert bob.post(f"{HOME}preferences/", sent).status_code == 302
    shown = form_of(bob.get(f"{HOME}preferences/"))
    assert {**shown, "form_key": ""} == {**sent, "form_key": ""}
    happen(1)
    happen(1, kind=BROKEN)
    with acme():
        mine = Delivery.objects.filter(user=cast.bob).order_by("pk")
        assert [(each.shown, each.mail) for each in mine] == [(True, ""), (False, "waiting")]
        assert {each.mail for each in Delivery.objects.exclude(user=cast.bob)} == {"waiting"}


def test_who_wants_nothing_of_a_kind_gets_nothing(bob, cast, acme, happen):
    with acme():
        Preference.objects.create(
            tenant=cast.acme, user=cast.bob, kind=NEEDS_PERSON.name, portal=False, mail=Mail.NEVER
        )
    happen()
    with acme():
        assert not Delivery.objects.filter(user=cast.bob).exists()


def test_a_mail_that_waits_is_not_sent_to_who_wants_none_any_more(bob, cast, happen, acme, post):
    happen()
    sent = form_of(bob.get(f"{HOME}preferences/")) | {f"mail.{NEEDS_PERSON.name}": "never"}
    bob.post(f"{HOME}preferences/", sent)
    post.go_out()
    assert post.to(cast.bob) == []
    assert len(post.to(cast.adam)) == 1


def test_a_way_that_is_not_offered_is_refused(bob):
    sent = form_of(bob.get(f"{HOME}preferences/")) | {"mail.provisioning.temporary_ended": "at_once"}
    assert bob.post(f"{HOME}preferences/", sent).status_code == 422


def test_choices_hold_in_one_company_alone(cast, acme, happen):
    with tenant_scope(cast.globex.pk):
        assert not Preference.objects.exists()


# --- Kinds and keeping --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.name)
def test_every_kind_reaches_somebody_by_default(kind):
    assert Role.OWNER in kind.roles
    assert kind.portal or kind.mail is not Mail.NEVER
    assert kind.mail in kind.ways


def test_old_news_are_forgotten_and_what_needs_somebody_is_not(happen, acme, settings, cast):
    happen(1), happen(2)
    with acme():
        resolve_notice(NEEDS_PERSON, cast.acme.pk, 1)
    assert keeping.purge() == 0
    settings.NOTICE_KEEP_DAYS = 0
    assert keeping.purge() == 1
    with staff_scope():
        assert Notice.objects.get().key == "operations.needs_person:2"
        assert {delivery.notice.key for delivery in Delivery.objects.select_related("notice")} == {
            "operations.needs_person:2"
        }
