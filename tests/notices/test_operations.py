"""Operations that people are told of, from the trouble at the vendor to the mailbox."""

import pytest

from portal.operations import decisions
from portal.operations.models import Operation, Status
from provisioning.operations import order_products
from tests.notices.conftest import bell_of, leads_to, page_of

NEEDS_PERSON = "operations.needs_person"
SECOND_PERSON = "operations.second_person"
REFUSED = "operations.refused"


@pytest.fixture
def stuck(video, cast, post) -> Operation:
    """An order whose answer was lost twice, and that the vendor does not show: absent twice needs a person."""
    with video.scope():
        order_products(video.product, "increment", 5, acting_user=cast.bob)
    video.control.add_fault("no_work_lost", method="POST", path="/order", times=2, seconds=0)
    video.work()
    operation = video.operation()
    assert operation.status == Status.NEEDS_PERSON
    return operation


def test_an_operation_that_needs_a_person_is_told_once(stuck, cast, post):
    title = "“+5 × KPN-VoiceVideo-C” needs a person to decide"
    assert title in page_of(cast.bob)
    assert title in page_of(cast.bob, "?show=open")
    assert bell_of(cast.bob) == "1"
    post.go_out()
    (mail,) = post.to(cast.bob)
    assert mail.subject == f"Acme: {title}"
    assert leads_to(mail, cast.bob, f"/t/acme/activity/{stuck.pk}/")
    assert bell_of(cast.bob) == ""
    post.after_the_night()
    assert len(post.to(cast.bob)) == 1


def test_what_needs_a_person_is_over_when_somebody_decides(stuck, video, cast, post):
    with video.scope():
        decisions.give_up(stuck, reason="not wanted", acting_user=cast.bob)
    assert post.notices() == [(NEEDS_PERSON, True)]
    assert bell_of(cast.bob) == ""
    assert post.go_out() == [], "it was over before a mail left"


def test_a_look_that_does_not_help_tells_it_anew(stuck, video, cast, post):
    with video.scope():
        decisions.look_again(stuck, reason="the vendor was slow", acting_user=cast.bob)
    assert post.notices() == [(NEEDS_PERSON, True)]
    video.work()
    assert post.notices() == [(NEEDS_PERSON, True), (NEEDS_PERSON, False)]


def test_an_answer_that_comes_late_ends_it(stuck, video, cast, post):
    """The operation in the worker's hands is an old one: what counts is how it stands now."""
    from portal.operations import engine
    from portal.operations.models import Attempt
    from portal.operations.work import Work

    with video.scope():
        stale = Operation.objects.select_related("connection__health", "tenant", "created_by").get(pk=stuck.pk)
        attempt = Attempt.objects.filter(operation=stale, purpose="send").latest("number")
    stale.status = Status.SENDING
    from provisioning.client import RemoteOrder

    placed = video.control.order_behind(video.client_id, "increment", 5)
    answer = RemoteOrder.parse(
        {
            key: placed[key]
            for key in ("order_number", "product", "type", "quantity", "status", "created_at", "fulfilled_at")
        }
    )
    engine._finish_with_answer(Work(stale, attempt, 0.0), answer)
    assert video.operation().status == Status.DONE
    assert (NEEDS_PERSON, True) in post.notices()


def test_a_second_person_is_told_and_the_first_is_not(stuck, video, cast, post):
    with video.scope():
        question = decisions.send_again(stuck, reason="the vendor says no", acting_user=cast.adam)
    title = "Adam wants “+5 × KPN-VoiceVideo-C” sent again: a second person has to confirm"
    assert title in page_of(cast.alice, "?show=open")
    assert title not in page_of(cast.adam)
    assert title not in page_of(cast.bob), "an operator cannot be the second person"
    post.go_out()
    mail = next(mail for mail in post.to(cast.alice) if title in mail.body)
    assert "/t/acme/notices/" in mail.body
    with video.scope():
        decisions.withdraw(question, acting_user=cast.adam)
    assert (SECOND_PERSON, True) in post.notices()
    assert (NEEDS_PERSON, False) in post.notices()


def test_a_confirmed_one_is_over_for_both(stuck, video, cast, post):
    with video.scope():
        question = decisions.send_again(stuck, reason="the vendor says no", acting_user=cast.adam)
    with video.scope():
        decisions.confirm(question, acting_user=cast.alice)
    assert dict(post.notices()) == {NEEDS_PERSON: True, SECOND_PERSON: True}


def test_answers_that_nobody_understands_need_a_person(video, cast, post):
    """The read before the order stays unreadable: after three times somebody has to look."""
    with video.scope():
        order_products(video.product, "increment", 5, acting_user=cast.bob)
    video.control.add_fault("broken_json", path="/inventory")
    for _ in range(20):
        video.work()
        video.let_time_pass()
    assert [name for name, _over in post.notices()] == [NEEDS_PERSON]
    assert "Nothing more is sent until somebody decides" in page_of(cast.bob)


def test_a_vendor_that_cannot_be_read_for_a_day_needs_a_person(video, cast, post, settings):
    settings.OPERATION_GIVE_UP_LOOKING_HOURS = 0
    with video.scope():
        order_products(video.product, "increment", 5, acting_user=cast.bob)
    video.control.add_fault("lost_answer", method="POST", path="/order", times=1)
    video.control.add_fault("status", path="/inventory", status=503, skip=1)
    for _ in range(3):
        video.work_once()
        video.let_time_pass()
    assert post.notices() == [(NEEDS_PERSON, False)]


def test_an_order_that_the_vendor_refuses_is_told(video, cast, post):
    video.control.add_fault("status", method="POST", path="/order", status=412, times=1)
    with video.scope():
        order_products(video.product, "increment", 5, acting_user=cast.bob)
    video.work()
    operation = video.operation()
    assert operation.status == Status.REFUSED
    title = "The vendor refused “+5 × KPN-VoiceVideo-C”"
    assert title in page_of(cast.bob)
    (mail,) = [mail for mail in post.go_out() if mail.to == [cast.bob.email]]
    assert title in mail.subject
    assert leads_to(mail, cast.bob, f"/t/acme/activity/{operation.pk}/")


def test_a_refused_subscriber_is_read_where_it_was_asked_for(video, cast, post):
    """A file of a thousand that is refused is no thousand notices."""
    from provisioning.operations import create_subscriber

    with video.scope():
        order_products(video.product, "increment", 1, acting_user=cast.bob)
    video.work()
    video.control.add_fault("status", method="POST", path="/subscriber", status=412, times=1)
    with video.scope():
        create_subscriber(video.product, "anna", acting_user=cast.bob)
    video.work()
    assert video.operation().status == Status.REFUSED
    assert [name for name, _over in post.notices()] == ["provisioning.order_fulfilled"]
