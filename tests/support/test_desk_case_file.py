"""The case file for the vendor: from the trouble at the vendor to the text that tells them of it."""

import re

import pytest

from portal.audit.models import Entry
from portal.tenancy.scope import staff_scope
from portal.vendors.models import ConnectionState
from provisioning.operations import create_subscriber
from tests.fixtures.video import SECRET
from tests.support.desk import lose_order, order, pile_of, swallow_answer


def by_support(client, operation):
    return client.get(f"/admin/desk/case-file/{operation.pk}/")


def by_tenant(client, operation, slug: str = "acme"):
    return client.get(f"/t/{slug}/activity/{operation.pk}/case-file/")


def test_it_tells_the_vendor_all_they_need_to_find_it(video, cast, sue):
    swallowed = swallow_answer(video, cast.bob, quantity=5)
    answer = by_support(sue, swallowed)
    told = answer.text
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert re.search(rf'filename="case-{swallowed.pk}-\d{{8}}-\d{{4}}\.txt"', answer["Content-Disposition"])
    for part in (
        f"Our reference:        {swallowed.pk}",
        "Connection:           Video (Production)",
        "Quantity:             5",
        "Was it carried out?",
        "Sending 1: No answer",
        "Look at what your API shows, 3: Cannot tell",
        "POST /communication/kandy/provisioning/order -> no answer",
        '"quantity": 5',
        "Total now: 6",
    ):
        assert part in told, part
    ids = [row["transaction_id"] for row in video.control.requests(video.client_id) if row["path"].endswith("/order")]
    assert [each for each in ids if each in told], "the vendor's own ids are missing"
    ours = "\n".join(line for line in told.splitlines() if not line.startswith("  | "))
    assert set(re.findall(r"\d\d:\d\d:\d\d\S* (\w+)", ours)) == {"UTC"}


def test_it_knows_the_order_number_once_there_is_one(video, cast, sue):
    order(video, cast.bob)
    video.work()
    (placed,) = video.orders()
    assert f"Order number:         {placed.number}" in by_support(sue, video.operation()).text


def test_it_knows_the_subscriber_and_not_the_password(video, cast, sue):
    order(video, cast.bob)
    video.work()
    with video.scope():
        create_subscriber(video.product, "anna", acting_user=cast.bob)
    video.work()
    (anna,) = video.subscribers()
    told = by_support(sue, video.operation()).text
    assert f"Subscriber ID:        {anna.vendor_id}" in told
    assert f"Identity:             {anna.identity}" in told
    with video.scope():
        assert anna.password.reveal() not in told


def test_it_holds_no_secret_and_nobodys_name(video, cast, sue):
    lost = lose_order(video, cast.bob)
    with video.scope():
        token = ConnectionState.objects.get(connection=video.connection).access_token.reveal()
    told = by_support(sue, lost).text
    for secret in (SECRET, video.client_id, token, "Bob", "bob@", "sue@", "Sue"):
        assert secret not in told, secret
    assert "authorization: ***" in told.lower()


def test_a_refusal_asks_which_condition_was_not_met(video, cast, sue):
    order(video, cast.bob, 1)
    video.work()
    video.control.subscribe_behind(video.client_id, "taken-meanwhile")
    order(video, cast.bob, 1, "decrement")
    video.work()
    told = by_support(sue, video.operation()).text
    assert "Which condition was not met?" in told
    assert "-> 412" in told


def test_it_is_in_english_whatever_the_reader_speaks(video, cast, sue):
    lost = lose_order(video, cast.bob)
    sue.cookies["django_language"] = "nl"
    assert "WHAT WE ASK YOU" in by_support(sue, lost).text
    assert "Sending 1: No answer" in by_support(sue, lost).text


def test_each_one_made_is_on_record(video, cast, sue, client):
    lost = lose_order(video, cast.bob)
    by_support(sue, lost)
    client.force_login(cast.bob)
    assert by_tenant(client, lost).status_code == 200
    with staff_scope():
        made = Entry.objects.filter(action="operations.case_file_made").order_by("pk")
        assert [(each.tenant, each.actor, each.object_id) for each in made.select_related("tenant", "actor")] == [
            (cast.acme, cast.sue, str(lost.pk)),
            (cast.acme, cast.bob, str(lost.pk)),
        ]


@pytest.mark.parametrize(
    ("who", "status"), [("vera", 403), ("bill", 403), ("bob", 200), ("alice", 200), ("charlie", 404)]
)
def test_operators_make_it_and_strangers_find_nothing(video, cast, client, who, status):
    lost = lose_order(video, cast.bob)
    client.force_login(getattr(cast, who))
    assert by_tenant(client, lost).status_code == status


def test_another_tenants_rows_are_never_in_it(video, globex_video, cast, client):
    lost = lose_order(video, cast.bob, 5)
    foreign = lose_order(globex_video, cast.charlie, 7)
    client.force_login(cast.charlie)
    assert by_tenant(client, lost, "globex").status_code == 404
    told = by_tenant(client, foreign, "globex").text
    assert ("Globex" in told, "Acme" in told, '"quantity": 5' in told) == (True, False, False)


def test_the_desk_and_the_page_lead_to_it(video, cast, sue):
    lost = lose_order(video, cast.bob)
    for page in ("/admin/desk/", f"/admin/operations/operation/{lost.pk}/change/"):
        assert f'href="/admin/desk/case-file/{lost.pk}/"' in sue.get(page).content.decode()
    assert "Case file" in pile_of(sue.get("/admin/desk/"), "unknown")


def test_one_tried_for_days_is_told_by_its_beginning_and_its_end(video, cast, sue):
    video.control.put_account(video.client_id, client_secret="another")
    video.control.revoke_tokens(video.client_id)
    order(video, cast.bob)
    for _ in range(40):
        video.let_time_pass()
        video.work()
    waiting = video.operation()
    assert waiting.attempt_count > 35
    told = by_support(sue, waiting).text
    assert f"({waiting.attempt_count - 30} more attempts like these are left out here.)" in told
    assert "Sending 1:" in told
    assert f"Sending {waiting.attempt_count}:" in told
    assert "You do not accept our credentials any more." in told
