"""Messages follow their reports: once, forwards, and only those that are theirs."""

import pytest

from messaging.models import Batch, Message, OptOut, Report, Sending, SmsAccount
from tests.messaging.mailroom import some_campaign
from tests.messaging.vendor_post import outcomes, path_of, post, report_body, some_key, some_sending, work_off

ANNA, BEN, CLEO = "+31612345671", "+31612345672", "+31612345673"


@pytest.fixture
def spring(mailroom):
    """A campaign to Anna, Ben and Cleo that was handed over, and its sending."""
    with mailroom.scope():
        some_key(mailroom.connection)
        campaign = some_campaign(mailroom.connection, [ANNA, BEN, CLEO])
        return campaign, some_sending(campaign, document_id="doc-1")


def tell(mailroom, sending, *bodies: bytes) -> None:
    """Each is posted and taken; then the worker works."""
    for body in bodies:
        assert post(path_of(sending), body) == 200
    work_off(mailroom.connection)


def test_a_report_leads_to_the_end_of_its_message(mailroom, spring):
    campaign, sending = spring
    tell(mailroom, sending, report_body(ANNA, 1), report_body(BEN, 4, ErrorCode="007"))

    assert mailroom.states(campaign) == {ANNA: "delivered", BEN: "failed", CLEO: "handed_over"}
    with mailroom.scope():
        assert Message.objects.get(number=BEN).code == "007"
        batch = Batch.objects.get()
        assert (batch.delivered, batch.failed, batch.handed_over) == (1, 1, 1)
        assert SmsAccount.objects.get().last_report_at is not None


@pytest.mark.parametrize("written", ["31612345671", "+31612345671", "0031612345671", "0612345671", "+31 6 1234 5671"])
def test_a_number_is_known_however_it_is_written(mailroom, spring, written):
    campaign, sending = spring
    tell(mailroom, sending, report_body(written, 1))
    assert mailroom.states(campaign)[ANNA] == "delivered"


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (1, "delivered"),
        (2, "accepted"),
        (3, "accepted"),
        (4, "failed"),
        (5, "rejected"),
        (6, "expired"),
        ("1", "delivered"),
    ],
)
def test_each_status_has_its_state(mailroom, spring, status, state):
    campaign, sending = spring
    tell(mailroom, sending, report_body(ANNA, status))
    assert mailroom.states(campaign)[ANNA] == state


def test_a_duplicate_and_a_replay_weeks_later_change_nothing(mailroom, spring):
    _campaign, sending = spring
    accepted, delivered = report_body(ANNA, 3), report_body(ANNA, 1)
    tell(mailroom, sending, accepted, delivered)
    with mailroom.scope():
        before = Message.objects.get(number=ANNA)

    later = {"X-KPN-Webhook-Timestamp": "1999999999", "X-KPN-Webhook-Attempt": "4"}
    assert post(path_of(sending), delivered, **later) == 200
    assert post(path_of(sending), accepted, **later) == 200
    work_off(mailroom.connection)

    with mailroom.scope():
        after = Message.objects.get(number=ANNA)
        assert (after.state, after.state_at) == ("delivered", before.state_at)
        assert Report.objects.count() == 2


def test_an_end_stays_whatever_comes_after_it(mailroom, spring):
    campaign, sending = spring
    tell(mailroom, sending, report_body(ANNA, 1))
    tell(mailroom, sending, report_body(ANNA, 4, ErrorCode="001"), report_body(ANNA, 3))
    assert mailroom.states(campaign)[ANNA] == "delivered"
    assert outcomes(mailroom) == ["applied", "nothing_new", "nothing_new"]


def test_out_of_order_the_end_wins(mailroom, spring):
    campaign, sending = spring
    tell(mailroom, sending, report_body(ANNA, 6), report_body(ANNA, 3), report_body(ANNA, 2))
    assert mailroom.states(campaign)[ANNA] == "expired"


def test_a_report_that_is_quicker_than_the_vendors_answer_is_followed(mailroom, spring):
    campaign, sending = spring
    with mailroom.scope():
        Message.objects.update(state="waiting")
    tell(mailroom, sending, report_body(ANNA, 1))
    assert mailroom.states(campaign) == {ANNA: "delivered", BEN: "waiting", CLEO: "waiting"}


@pytest.mark.parametrize("state", ["refused", "skipped", "cancelled"])
def test_what_never_left_is_not_made_to_have_left(mailroom, spring, state):
    campaign, sending = spring
    with mailroom.scope():
        Message.objects.update(state=state)
    tell(mailroom, sending, report_body(ANNA, 1))
    assert mailroom.states(campaign)[ANNA] == state


def test_a_report_of_another_sendings_document_is_not_followed(mailroom, spring):
    campaign, _sending = spring
    with mailroom.scope():
        summer = some_campaign(mailroom.connection, [ANNA], name="Summer")
        other = some_sending(summer, document_id="doc-2")
    tell(mailroom, other, report_body(ANNA, 1, DocumentId="doc-1"))
    assert mailroom.states(summer) == {ANNA: "handed_over"}
    assert mailroom.states(campaign)[ANNA] == "handed_over"
    assert outcomes(mailroom) == ["elsewhere"]
    with mailroom.scope():
        assert Sending.objects.get(pk=other.pk).first_report_at is None


def test_a_number_that_is_not_in_the_batch_proves_nothing(mailroom, spring):
    _campaign, sending = spring
    tell(mailroom, sending, report_body("+31612349999", 1))
    assert outcomes(mailroom) == ["no_message"]
    with mailroom.scope():
        assert Sending.objects.get(pk=sending.pk).first_report_at is None


def test_without_a_number_a_batch_of_one_is_told_and_one_of_many_only_counts(mailroom, spring):
    campaign, sending = spring
    with mailroom.scope():
        single = some_campaign(mailroom.connection, [ANNA], name="Single")
        alone = some_sending(single)
    tell(mailroom, alone, report_body(None, 1))
    tell(mailroom, sending, report_body(None, 1), report_body(None, 1))

    assert mailroom.states(single) == {ANNA: "delivered"}
    assert set(mailroom.states(campaign).values()) == {"handed_over"}
    with mailroom.scope():
        assert Batch.objects.get(campaign=campaign).unmatched == 2
        assert Sending.objects.get(pk=sending.pk).first_report_at is not None


def test_reports_that_say_nothing_of_their_own_are_told_apart_by_their_address(mailroom, spring):
    """All that could tell one from another is left out by the customer's privacy settings."""
    bare = {"DLRID": None, "MessageType": None, "StatusDateTime": None}
    with mailroom.scope():
        campaigns = [some_campaign(mailroom.connection, [ANNA], name=name) for name in ("First", "Second")]
        sendings = [some_sending(campaign) for campaign in campaigns]
    for sending in sendings:
        tell(mailroom, sending, report_body(None, 1, **bare), report_body(None, 1, **bare))
    assert [mailroom.states(campaign) for campaign in campaigns] == [{ANNA: "delivered"}] * 2
    assert outcomes(mailroom) == ["applied", "applied"]


def test_what_is_not_known_is_kept_and_shown(mailroom, spring):
    campaign, sending = spring
    tell(
        mailroom,
        sending,
        report_body(ANNA, 4, ErrorCode="099", Carrier="Some network", Nested={"a": 1}),
        report_body(BEN, 77),
        b"<xml/>",
        b"[1, 2]",
    )
    with mailroom.scope():
        first = Report.objects.order_by("pk").first()
        assert (first.code, first.more["Carrier"], first.more["Nested"]) == ("099", "Some network", '{"a": 1}')
    assert mailroom.states(campaign)[ANNA] == "failed"
    assert mailroom.states(campaign)[BEN] == "handed_over"
    assert outcomes(mailroom) == ["applied", "not_understood", "not_understood", "not_understood"]


def test_the_text_that_a_report_repeats_is_not_kept_beside_it(mailroom, spring):
    _campaign, sending = spring
    tell(mailroom, sending, report_body(ANNA, 1, Message="Your code is 1234"))
    with mailroom.scope():
        assert "Your code" not in str(Report.objects.get().more)


@pytest.mark.parametrize("code", ["004", "022", 4])
def test_who_does_not_want_messages_is_put_on_the_do_not_send_list(mailroom, spring, code):
    _campaign, sending = spring
    tell(mailroom, sending, report_body(ANNA, 5, ErrorCode=code), report_body(BEN, 4, ErrorCode="007"))
    with mailroom.scope():
        assert list(OptOut.objects.standing().values_list("number", "source")) == [(ANNA, "report")]
