"""The inbox of differences over all tenants: from what somebody changed at the vendor to what Sue decides."""

import re
from uuid import uuid4

import pytest

from portal.audit.models import Entry
from portal.tenancy.scope import staff_scope
from provisioning import ledger
from provisioning.models import Drift
from tests.provisioning.samples import priced
from tests.support.desk import DESK, REASON, order, text_of

INBOX = "/admin/provisioning/drift/"


@pytest.fixture
def five_here(video, cast):
    """Acme has five products at two euros."""
    order(video, cast.bob, 5)
    video.work()
    with video.scope():
        priced(2)
    return video


def differ(video, by: int) -> Drift:
    """Somebody at the vendor changes the stock behind the portal's back, and the portal reads it."""
    video.control.move_total_behind(video.client_id, by)
    video.sync()
    with video.scope():
        return Drift.objects.open().get(kind=Drift.Kind.TOTAL)


def ask(client, name: str, *rows: Drift):
    return client.get(f"{INBOX}decide/{name}/", {"_selected_action": [row.pk for row in rows]})


def answer(client, asked, **answers):
    """Send the page that asks for the reason, as it was shown."""
    seen = re.findall(r'name="(_selected_action|seen_\d+)" value="([^"]+)"', asked.content.decode())
    sent = {"_selected_action": [value for name, value in seen if name == "_selected_action"]}
    sent |= {name: value for name, value in seen if name != "_selected_action"}
    url = asked.request["PATH_INFO"]
    return client.post(url, {**sent, "decided": "yes", "form_key": str(uuid4()), **answers}, follow=True)


def now(row: Drift) -> Drift:
    with staff_scope():
        return Drift.objects.select_related("decided_by").get(pk=row.pk)


def test_the_inbox_tells_both_sides_and_what_adopting_would_change(five_here, sue):
    differ(five_here, 3)
    shown = text_of(sue.get(INBOX))
    for part in ("Inventory total differs", "Acme", "an entry of +3 now, from 5 to 8 products", "by € 6.00", "ago"):
        assert part in shown or part.replace("ago", "just now") in shown, part
    assert "1 Differences" in text_of(sue.get(DESK))


def test_the_oldest_difference_comes_first_whosever_it_is(video, globex_video, sue):
    differ(globex_video, 1)
    differ(video, 2)
    rows = sue.get(INBOX).content.decode().partition("result_list")[2]
    assert rows.index("Globex") < rows.index("Acme")


def test_a_difference_is_adopted_with_a_reason(five_here, cast, sue):
    found = differ(five_here, 3)
    asked = ask(sue, "adopt", found)
    assert "peak becomes 8 instead of 5" in text_of(asked)
    answer(sue, asked, reason=REASON)
    with five_here.scope():
        assert ledger.level(five_here.product) == 8
    assert (now(found).state, now(found).decided_by, now(found).reason) == (Drift.State.ADOPTED, cast.sue, REASON)
    with staff_scope():
        entry = Entry.objects.get(action="provisioning.difference_adopted")
        assert (entry.reason, entry.tenant_id) == (REASON, cast.acme.pk)
    assert f"{INBOX}{found.pk}/change/" not in sue.get(INBOX).text
    assert f"{INBOX}{found.pk}/change/" in sue.get(f"{INBOX}?state=all").text


def test_one_put_right_at_the_vendor_is_marked_and_stays_away(five_here, cast, sue):
    found = differ(five_here, 3)
    five_here.control.move_total_behind(five_here.client_id, -3)
    answer(sue, ask(sue, "mark_repaired", found), reason=REASON)
    five_here.sync()
    assert (now(found).state, now(found).decided_by) == (Drift.State.REPAIRED, cast.sue)
    with five_here.scope():
        assert not Drift.objects.open().exists()
        assert ledger.level(five_here.product) == 5


def test_one_that_was_not_put_right_comes_back(five_here, sue):
    found = differ(five_here, 3)
    answer(sue, ask(sue, "mark_repaired", found), reason=REASON)
    five_here.sync()
    with five_here.scope():
        assert Drift.objects.open().get(kind=Drift.Kind.TOTAL).pk != found.pk


def test_differences_of_several_tenants_are_adopted_at_once(video, globex_video, sue):
    found = [differ(video, 2), differ(globex_video, 4)]
    chosen = {"action": "adopt", "_selected_action": [row.pk for row in found], "index": 0}
    asked = sue.post(INBOX, chosen)
    assert {"Acme", "Globex"} <= set(re.findall(r"Acme|Globex", text_of(asked)))
    answer(sue, asked, reason=REASON, action="adopt", index=0)
    for desk, level in ((video, 2), (globex_video, 4)):
        with desk.scope():
            assert ledger.level(desk.product) == level


def test_one_that_changed_since_it_was_seen_is_left_alone(five_here, sue):
    found = differ(five_here, 3)
    asked = ask(sue, "adopt", found)
    differ(five_here, 1)
    assert "It has changed since you saw it" in text_of(answer(sue, asked, reason=REASON))
    assert now(found).state == Drift.State.OPEN
    with five_here.scope():
        assert ledger.level(five_here.product) == 5


@pytest.mark.parametrize("act", ["adopt", "mark_repaired"])
def test_nothing_is_decided_without_a_reason(five_here, sue, act):
    found = differ(five_here, 3)
    assert answer(sue, ask(sue, act, found), reason=" ").status_code == 422
    assert now(found).state == Drift.State.OPEN


def test_the_page_of_one_shows_both_sides_and_later_the_decision(five_here, sue):
    found = differ(five_here, 3)
    page = f"{INBOX}{found.pk}/change/"
    shown = text_of(sue.get(page))
    assert "an entry of +3 now" in shown
    assert "Mark as repaired" in shown
    answer(sue, ask(sue, "adopt", found), reason=REASON)
    assert REASON in text_of(sue.get(page))
    assert sue.post(page, {"state": "open"}).status_code == 403


def test_the_inbox_asks_as_often_for_many_as_for_one(video, globex_video, sue, django_assert_max_num_queries):
    differ(video, 2)
    differ(globex_video, 4)
    with django_assert_max_num_queries(12):
        sue.get(INBOX)
