"""Activity in the browser's eyes: lists, stories, decisions; who may, and in how many queries."""

import re
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from portal.operations import decisions, engine
from portal.operations.models import Attempt, Operation, Status
from portal.operations.work import Work
from portal.tenancy.models import User
from tests.operations.desk import KNOCK

pytestmark = pytest.mark.django_db

LIST = "/t/acme/activity/"
REASON = "The vendor's support said so."


@pytest.fixture
def bob(client, cast):
    client.force_login(cast.bob)
    return client


@pytest.fixture
def as_person(client):
    def sign_in(person):
        client.force_login(person)
        return client

    return sign_in


def text_of(response) -> str:
    """What a reader sees, on one line."""
    html = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(html.replace("&#x27;", "'").split())


def page_of(operation: Operation) -> str:
    return f"{LIST}{operation.pk}/"


def post(client, url: str, **answers):
    form = client.get(url)
    key = re.search(r'name="form_key" value="([^"]+)"', form.content.decode())
    return client.post(url, {"form_key": key.group(1) if key else "", **answers}, follow=True)


def status_of(desk, operation) -> str:
    return desk.now(operation).status


# --- The list -----------------------------------------------------------------------------------------------------


def test_an_empty_list_says_what_will_be_here(bob):
    assert "Nothing was asked of a vendor yet" in text_of(bob.get(LIST))


def test_the_newest_comes_first_with_who_and_trouble(bob, desk, cast):
    desk.promise(cast.alice, "Knock at eight")
    desk.troubled(None, "Knock at nine", lane="back")
    shown = text_of(bob.get(LIST))
    assert shown.index("Knock at nine") < shown.index("Knock at eight")
    assert "Alice" in shown
    assert "No answer: The desk does not tell." in shown


def test_filters_narrow_the_list(bob, desk, cast):
    desk.promise(cast.alice, "Knock at eight")
    desk.troubled(None, "Knock at nine", lane="back")
    for query, found in {
        "q=EIGHT": {"eight"},
        "status=needs_person": {"nine"},
        "status=open": {"eight", "nine"},
        "status=done": set(),
        f"kind={KNOCK.name}": {"eight", "nine"},
        "kind=no.such": {"eight", "nine"},
        f"connection={desk.connection.pk}": {"eight", "nine"},
        "connection=999999999": set(),
        f"person={cast.alice.pk}": {"eight"},
        "person=0": {"nine"},
        "person=alice": {"eight", "nine"},
        f"person={10**30}": {"eight", "nine"},
    }.items():
        shown = text_of(bob.get(f"{LIST}?{query}"))
        assert {word for word in ("eight", "nine") if f"Knock at {word}" in shown} == found, query


def test_filters_offer_the_tenants_own_people_and_connections_only(bob, desk, globex_desk, cast):
    html = bob.get(LIST).content.decode()
    assert html.count(">Alice</option>") == 1
    assert ">Charlie</option>" not in html
    assert html.count(">Desk</option>") == 1


def test_a_page_holds_fifty_and_leads_to_the_next(bob, desk, cast):
    for number in range(53):
        desk.promise(cast.bob, f"Knock {number}!", lane=f"door {number}")
    first = bob.get(LIST).content.decode()
    assert ("Knock 52!" in first, "Knock 2!" in first) == (True, False)
    following = re.search(r'rel="next" href="([^"]+)"', first).group(1).replace("&amp;", "&")
    second = text_of(bob.get(LIST + following))
    assert [f"Knock {number}!" in second for number in (0, 1, 2, 3)] == [True, True, True, False]


def test_what_needs_a_person_is_counted_in_the_sidebar_and_no_further_than_99(bob, desk, cast):
    def counts() -> list[str]:
        return re.findall(rf'href="{LIST}"(?:(?!</a>).)*class="pb-count">([^<]+)<', bob.get(LIST).content.decode())

    assert counts() == []
    operation = desk.troubled(cast.bob)
    assert set(counts()) == {"1"}
    with desk.scope():
        Operation.objects.bulk_create(
            Operation(
                tenant=desk.tenant, connection=desk.connection, kind=KNOCK.name, lane=str(number), status="needs_person"
            )
            for number in range(120)
        )
    assert set(counts()) == {"99+"}
    assert status_of(desk, operation) == Status.NEEDS_PERSON


def test_the_list_asks_again_only_while_something_moves(bob, desk, cast):
    operation = desk.promise(cast.bob)
    assert "hx-trigger" in bob.get(f"{LIST}rows/").content.decode()
    with desk.scope():
        engine.change(operation, status=Status.NEEDS_PERSON)
    assert "hx-trigger" not in bob.get(f"{LIST}rows/").content.decode()


def test_nothing_of_another_tenant_is_shown(bob, globex_desk, cast):
    operation = globex_desk.promise(cast.charlie, "Globex knocks")
    assert "Globex knocks" not in text_of(bob.get(LIST))
    for url in (page_of(operation), f"{page_of(operation)}now/", f"{page_of(operation)}cancel/"):
        assert bob.get(url).status_code == 404


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rows", [3, 120])
def test_the_pages_take_few_queries(bob, desk, cast, rows, django_assert_max_num_queries):
    first = desk.troubled(cast.bob, costs_money=True)
    with desk.scope():
        Operation.objects.bulk_create(
            Operation(
                tenant=desk.tenant,
                connection=desk.connection,
                kind=KNOCK.name,
                lane="door",
                created_by=cast.alice,
                label=f"Knock {n}",
            )
            for n in range(rows)
        )
        for number in range(2, rows):
            engine.open_attempt(first, "look", number)
            decisions.withdraw(decisions.send_again(first, reason=REASON, acting_user=cast.bob), acting_user=cast.bob)
    for url in (LIST, f"{LIST}rows/", page_of(first), f"{page_of(first)}now/?seen=needs_person"):
        with django_assert_max_num_queries(11):
            assert bob.get(url).status_code == 200


# --- The story ----------------------------------------------------------------------------------------------------


def test_the_story_names_everybody_and_everything(bob, desk, cast):
    operation = desk.troubled(cast.alice, "Order +5", costs_money=True)
    with desk.scope():
        decisions.send_again(operation, reason="Nobody heard it.", acting_user=cast.adam)
    shown = text_of(bob.get(page_of(operation)))
    for words in (
        "Asked for",
        "Alice",
        "Sending 1",
        "Look 1 at the vendor",
        "The desk does not tell.",
        "Door front",
        "Asked to send it again, which takes a second person",
        "Adam",
        "Nobody heard it.",
    ):
        assert words in shown, words


def test_one_that_waits_behind_another_says_so_and_leads_there(bob, desk, cast):
    first = desk.troubled(cast.bob, "Order +5")
    second = desk.promise(cast.bob, "Order +6")
    html = bob.get(page_of(second)).content.decode()
    assert f'<a href="{page_of(first)}">“Order +5”</a> before it needs a person' in html
    assert "One operation waits behind it." in text_of(bob.get(page_of(first)))


def test_an_unknown_outcome_says_what_was_and_was_not_done_and_when_it_is_looked_at(bob, desk, cast):
    operation = desk.promise(cast.bob)
    with desk.scope():
        engine.change(
            operation, status=Status.UNKNOWN, trouble="unknown", due_at=Now() + timedelta(minutes=5), look_count=1
        )
    shown = text_of(bob.get(page_of(operation)))
    assert "It may or may not have been done." in shown
    assert "The vendor will be looked at again at" in shown


def test_the_watching_page_is_loaded_anew_when_the_status_is_another(bob, desk, cast):
    operation = desk.promise(cast.bob)
    now = f"{page_of(operation)}now/?seen=waiting"
    assert 'hx-get="' in bob.get(now).content.decode()
    with desk.scope():
        engine.change(operation, status=Status.DONE, ended_at=timezone.now())
    assert bob.get(now)["HX-Refresh"] == "true"
    assert 'hx-trigger="every' not in bob.get(page_of(operation)).content.decode()


def test_the_vendors_words_cannot_bring_markup_into_the_page(bob, desk, cast):
    operation = desk.troubled(cast.bob, "<script>alert(1)</script>")
    with desk.scope():
        engine.change(operation, message="<img src=x onerror=alert(2)>")
        attempt = engine.open_attempt(operation, Attempt.Purpose.LOOK, 2, {"<b>key</b>": "<i>value</i>"})
        engine.close(Work(operation, attempt, 0.0), Attempt.Outcome.CANNOT_TELL, message="<script>alert(3)</script>")
    html = bob.get(page_of(operation)).content.decode() + bob.get(LIST).content.decode()
    for markup in ("<script>alert", "<img src=x", "<b>key", "<i>value"):
        assert markup not in html


# --- Deciding -----------------------------------------------------------------------------------------------------


def test_cancelling_asks_first_and_then_says_what_was_not_done(bob, desk, cast):
    operation = desk.promise(cast.bob)
    assert "Nothing has left for the vendor" in text_of(bob.get(f"{page_of(operation)}cancel/"))
    assert status_of(desk, operation) == Status.WAITING
    answer = post(bob, f"{page_of(operation)}cancel/")
    assert "Nothing was sent to the vendor." in text_of(answer)
    assert status_of(desk, operation) == Status.CANCELLED


@pytest.mark.parametrize(
    ("verb", "answers", "status"),
    [
        ("look-again", {}, Status.UNKNOWN),
        ("send-again", {}, Status.WAITING),
        ("mark-done", {"reference": "KNOCK-7"}, Status.DONE),
        ("give-up", {}, Status.CANCELLED),
    ],
)
def test_each_decision_wants_a_reason_and_is_carried_out(bob, desk, cast, verb, answers, status):
    operation = desk.troubled(cast.bob)
    url = f"{page_of(operation)}{verb}/"
    for reason in ("", "   ", "x" * 501):
        assert post(bob, url, reason=reason, **answers).status_code == 422
    assert status_of(desk, operation) == Status.NEEDS_PERSON
    assert post(bob, url, reason=REASON, **answers).status_code == 200
    assert status_of(desk, operation) == status


def test_marking_as_done_wants_the_vendors_number(bob, desk, cast):
    operation = desk.troubled(cast.bob)
    assert post(bob, f"{page_of(operation)}mark-done/", reason=REASON).status_code == 422
    assert status_of(desk, operation) == Status.NEEDS_PERSON


def test_a_stale_page_decides_nothing_and_says_so(bob, desk, cast):
    operation = desk.troubled(cast.bob)
    url = f"{page_of(operation)}give-up/"
    key = re.search(r'name="form_key" value="([^"]+)"', bob.get(url).content.decode()).group(1)
    with desk.scope():
        engine.change(operation, status=Status.DONE, ended_at=timezone.now())
    answer = bob.post(url, {"form_key": key, "reason": REASON}, follow=True)
    assert "Nothing was done. It does not need a person any more" in text_of(answer)
    assert status_of(desk, operation) == Status.DONE
    assert "not possible any more" in text_of(bob.get(url, follow=True))


def test_a_decision_is_never_made_by_following_a_link(bob, desk, cast):
    operation = desk.troubled(cast.bob)
    bob.get(f"{page_of(operation)}give-up/", {"reason": REASON})
    assert status_of(desk, operation) == Status.NEEDS_PERSON


def test_a_decision_needs_the_forms_proof_of_origin(cast, desk, client):
    client.handler.enforce_csrf_checks = True
    client.force_login(cast.bob)
    operation = desk.troubled(cast.bob)
    assert client.post(f"{page_of(operation)}give-up/", {"reason": REASON}).status_code == 403
    assert status_of(desk, operation) == Status.NEEDS_PERSON


@pytest.mark.parametrize("verb", ["look-again", "send-again", "mark-done", "give-up"])
def test_who_only_looks_sees_the_story_and_decides_nothing(as_person, desk, cast, verb):
    operation = desk.troubled(cast.bob)
    for person in (cast.vera, cast.bill):
        client = as_person(person)
        assert "decides what becomes of it" in text_of(client.get(page_of(operation)))
        assert client.post(f"{page_of(operation)}{verb}/", {"reason": REASON}).status_code == 403
    assert status_of(desk, operation) == Status.NEEDS_PERSON


# --- Two people ---------------------------------------------------------------------------------------------------


@pytest.fixture
def costly(desk, cast) -> Operation:
    return desk.troubled(cast.bob, "Order +5", costs_money=True)


@pytest.fixture
def question(desk, cast, costly):
    with desk.scope():
        return decisions.send_again(costly, reason="Nobody heard it.", acting_user=cast.adam)


def test_an_operator_may_not_ask_to_send_again_what_costs_money(bob, desk, costly):
    assert "Send again" not in text_of(bob.get(page_of(costly)))
    assert bob.get(f"{page_of(costly)}send-again/").status_code == 403
    assert bob.post(f"{page_of(costly)}send-again/", {"reason": REASON}).status_code == 403
    assert desk.decisions(costly) == []


def test_an_admin_asks_and_nothing_is_sent_yet(as_person, desk, cast, costly):
    answer = post(as_person(cast.adam), f"{page_of(costly)}send-again/", reason=REASON)
    shown = text_of(answer)
    assert "nothing was sent yet" in shown
    assert "You asked for it yourself" in shown
    assert "Confirm and send again" not in shown
    assert status_of(desk, costly) == Status.NEEDS_PERSON


def test_who_asked_cannot_confirm_and_is_told_why(as_person, desk, cast, costly, question):
    answer = as_person(cast.adam).post(f"{LIST}decisions/{question.pk}/confirm/", follow=True)
    assert "Nothing was done. You asked for this yourself." in text_of(answer)
    assert status_of(desk, costly) == Status.NEEDS_PERSON


def test_another_admin_sees_the_reason_and_confirms(as_person, desk, cast, costly, question):
    alice = as_person(cast.alice)
    shown = text_of(alice.get(page_of(costly)))
    assert "Adam asked to send it again." in shown
    assert "Confirm and send again" in shown
    answer = alice.post(f"{LIST}decisions/{question.pk}/confirm/", follow=True)
    assert "Confirmed. It is sent again." in text_of(answer)
    assert status_of(desk, costly) == Status.WAITING


def test_an_operator_sees_the_question_but_confirms_nothing(bob, desk, costly, question):
    shown = text_of(bob.get(page_of(costly)))
    assert "An admin or owner can confirm or withdraw it." in shown
    for verb in ("confirm", "withdraw"):
        assert bob.post(f"{LIST}decisions/{question.pk}/{verb}/").status_code == 403
    assert status_of(desk, costly) == Status.NEEDS_PERSON


def test_a_question_can_be_withdrawn(as_person, desk, cast, costly, question):
    adam = as_person(cast.adam)
    assert "Withdrawn. Nothing was sent." in text_of(adam.post(f"{LIST}decisions/{question.pk}/withdraw/", follow=True))
    assert "A second person has to confirm" not in text_of(adam.get(page_of(costly)))


def test_our_own_sentences_are_told_in_the_readers_language_and_the_vendors_as_they_came(bob, desk, cast):
    taken_back, refused = desk.promise(cast.bob), desk.troubled(cast.bob, "no product left")
    post(bob, f"{page_of(taken_back)}cancel/")
    User.objects.filter(pk=cast.bob.pk).update(language="nl")
    assert "Geannuleerd voordat het werd verzonden." in text_of(bob.get(page_of(taken_back)))
    with desk.scope():
        engine.change(refused, message="no product left")
    assert "no product left" in text_of(bob.get(page_of(refused)))
