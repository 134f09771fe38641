"""Doing something to the chosen rows of a list: shown before, done once, taken back as far as possible."""

import pytest

from portal.bulk.models import Batch
from portal.operations import engine
from portal.operations.models import Decision, Operation, Status
from portal.tenancy.scope import tenant_scope
from provisioning.models import Subscriber
from provisioning.operations import Wanted, create_subscribers
from tests.fixtures.video import make_connection

pytestmark = pytest.mark.django_db(transaction=True)

DELETE, SUBSCRIBERS = "provisioning.delete_subscribers", "provisioning.subscribers"
CANCEL, LOOK_AGAIN, OPERATIONS = "operations.cancel", "operations.look_again", "operations.operations"


@pytest.fixture
def people(office, cast) -> list[Subscriber]:
    """Noor, Sam and Anna, made at the vendor."""
    promise(office, cast, "noor", "sam", "anna")
    office.video.work()
    return office.video.subscribers()


def promise(office, cast, *names: str) -> list[Operation]:
    with office.video.scope():
        return create_subscribers(office.video.product, [Wanted(name) for name in names], acting_user=cast.bob)


def states(office) -> dict[str, str]:
    return {each.username: each.state for each in office.video.subscribers()}


def test_chosen_subscribers_are_deleted_after_the_preview(office, people):
    office.choose(DELETE, SUBSCRIBERS, pk=[people[0].pk, people[1].pk])
    office.work()
    batch = office.batch()
    assert (batch.state, batch.total, batch.good) == ("ready", 2, 2)
    page = office.page(batch)
    assert "2 subscribers will be deleted" in page
    assert "noor" in page
    assert states(office) == {"noor": "active", "sam": "active", "anna": "active"}
    office.press("start", batch)
    assert office.finish().outcomes == {"done": 2}
    assert states(office) == {"noor": "deleted", "sam": "deleted", "anna": "active"}


def test_everything_that_fits_the_filter_is_chosen(office, people):
    office.choose(DELETE, SUBSCRIBERS, everything="1", query="q=sam")
    office.work()
    assert {row.label for row in office.rows(office.batch())} == {"sam"}


def test_what_cannot_be_done_is_told_and_left_out(office, people):
    with office.video.scope():
        Subscriber.objects.filter(username="sam").update(state=Subscriber.State.DELETING)
    office.choose(DELETE, SUBSCRIBERS, pk=[each.pk for each in people])
    office.work()
    batch = office.batch()
    assert (batch.good, batch.bad) == (2, 1)
    assert list(office.reasons(batch).values()) == [
        "Only an active subscriber can be deleted; this one is: Being deleted."
    ]
    assert "Only an active subscriber" in office.page(batch, show="mend")


def test_one_that_moved_on_before_the_start_is_refused_then(office, people):
    office.choose(DELETE, SUBSCRIBERS, pk=[each.pk for each in people])
    office.work()
    with office.video.scope():
        Subscriber.objects.filter(username="sam").update(state=Subscriber.State.DELETED)
    office.press("start", office.batch())
    batch = office.finish()
    assert (batch.outcomes, batch.refused) == ({"done": 2}, 1)


def test_nothing_chosen_makes_nothing(office):
    answer = office.choose(DELETE, SUBSCRIBERS, query="q=x")
    assert answer["Location"].endswith("/video/subscribers/?q=x")
    with office.video.scope():
        assert not Batch.objects.exists()


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("nonsense", SUBSCRIBERS),
        (DELETE, "nonsense"),
        (CANCEL, SUBSCRIBERS),
        ("provisioning.create_subscribers", SUBSCRIBERS),
    ],
)
def test_what_is_not_offered_for_a_list_is_not_done(office, kind, key):
    assert office.choose(kind, key, everything="1")["Location"].endswith("/batches/")
    with office.video.scope():
        assert not Batch.objects.exists()


@pytest.mark.parametrize("pk", ["x", "-1", "1.5", "9" * 30, str(2**63), "١"])
def test_what_is_no_id_chooses_nothing(office, people, pk):
    office.choose(DELETE, SUBSCRIBERS, pk=[pk, str(people[0].pk)])
    office.work()
    assert [row.label for row in office.rows(office.batch())] == ["noor"]


def test_more_than_can_be_done_at_once_is_cut_and_that_is_told(office, people, monkeypatch):
    monkeypatch.setattr("portal.bulk.checking.MOST_ROWS", 2)
    office.choose(DELETE, SUBSCRIBERS, everything="1")
    office.work()
    batch = office.batch()
    assert (batch.total, batch.cut) == (2, True)
    assert "these are the first 2" in office.page(batch)


# --- Decisions about operations -----------------------------------------------------------------------------------


def test_waiting_operations_are_cancelled_at_once(office, cast):
    promise(office, cast, "noor", "sam")
    office.choose(CANCEL, OPERATIONS, everything="1", query="status=waiting")
    office.work()
    assert "2 operations will be taken back" in office.page(office.batch())
    office.press("start", office.batch())
    office.work()
    batch = office.batch()
    assert (batch.state, batch.outcomes) == ("done", {"done": 2})
    office.video.work()
    assert states(office) == {"noor": "failed", "sam": "failed"}
    with office.video.scope():
        assert Decision.objects.filter(action="cancel", asked_by=cast.bob).count() == 2


def test_what_left_before_the_start_is_not_cancelled(office, cast):
    noor, sam = promise(office, cast, "noor", "sam")
    office.choose(CANCEL, OPERATIONS, pk=[noor.pk, sam.pk])
    office.work()
    engine.carry_out(engine.claim(noor.tenant_id, noor.connection_id, noor.lane))
    office.press("start", office.batch())
    office.work()
    batch = office.batch()
    assert (batch.promised, batch.refused) == (1, 1)
    assert "can no longer be cancelled" in next(iter(office.reasons(batch).values()))


def test_looking_again_asks_for_the_reason_first(office, cast):
    (noor,) = promise(office, cast, "noor")
    with office.video.scope():
        engine.change(noor, status=Status.NEEDS_PERSON, trouble=Operation.Trouble.UNKNOWN)
    office.choose(LOOK_AGAIN, OPERATIONS, pk=[noor.pk])
    batch = office.batch()
    assert batch.state == "details"
    assert office.tell(batch).status_code == 422
    office.tell(batch, reason="The vendor was repaired.")
    office.work()
    office.press("start", office.batch())
    office.work()
    with office.video.scope():
        assert Operation.objects.get(pk=noor.pk).status == Status.UNKNOWN
        assert Decision.objects.get(action="look_again").reason == "The vendor was repaired."


# --- Who may, and whose -------------------------------------------------------------------------------------------


def test_a_viewer_may_not(office, cast, people, client):
    client.force_login(cast.vera)
    assert office.choose(DELETE, SUBSCRIBERS, pk=[people[0].pk]).status_code == 403
    assert client.get(office.url("batches")).status_code == 403


@pytest.fixture
def at_globex(office, cast) -> dict[str, int]:
    """Globex has a connection, a subscriber, and Charlie a batch."""
    with tenant_scope(cast.globex.pk):
        connection = make_connection(cast.globex, "globex", office.video.sandbox)
        product = connection.products.select_related("connection__tenant").get()
        theirs = Subscriber.objects.create(
            tenant=cast.globex, connection=connection, product=product, username="theirs", state="active", vendor_id="1"
        )
        batch = Batch.objects.create(tenant=cast.globex, kind=DELETE, created_by=cast.charlie)
    return {"product": product.pk, "subscriber": theirs.pk, "batch": batch.pk}


def test_ids_of_another_company_choose_nothing(office, at_globex):
    office.choose(DELETE, SUBSCRIBERS, pk=[at_globex["subscriber"]])
    office.work()
    batch = office.batch()
    assert (batch.state, batch.total) == ("ready", 0)
    assert "Nothing was chosen" in office.page(batch)


def test_a_product_of_another_company_is_refused(office, at_globex):
    office.upload("username\nnoor\n")
    answer = office.tell(office.batch(), product=str(at_globex["product"]))
    assert answer.status_code == 422
    assert office.batch().state == "details"


def test_a_batch_of_another_company_is_not_found(office, at_globex):
    for name in ("batch", "now", "details", "to_mend"):
        assert office.client.get(office.url(name, at_globex["batch"])).status_code == 404
    for name in ("start", "undo", "discard", "details"):
        assert office.client.post(office.url(name, at_globex["batch"])).status_code == 404
    assert "theirs" not in office.client.get(office.url("batches")).content.decode()
