"""What people are told of long work that they started: it waits, it has ended, the file is ready."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models import F

from portal.bulk.models import Batch
from portal.lists import exports
from portal.lists.models import Export
from portal.lists.registry import list_of
from provisioning.operations import order_products
from tests.bulk.office import Office
from tests.notices.conftest import leads_to, page_of


@pytest.fixture
def office(video, cast, client) -> Office:
    """Bob at Acme's bulk work; the account has two products."""
    video.control.order_behind(video.client_id, "increment", 2)
    video.sync()
    client.force_login(cast.bob)
    return Office(video, client)


def bulk_notices(post) -> list[tuple[str, bool]]:
    return [(kind, over) for kind, over in post.notices() if kind.startswith("bulk.")]


def started(office, content: str) -> Batch:
    batch = office.checked(content)
    office.press("start", batch)
    return office.finish()


def test_bulk_work_that_waits_for_products_is_told_until_it_goes_on(office, cast, post, video):
    batch = office.checked("username\nanna\nben\n")
    with video.scope():
        order_products(video.product, "decrement", 1, acting_user=cast.bob)
    video.work()
    office.press("start", batch)
    for _ in range(4):
        batch = office.finish()
    assert batch.waits_for
    assert bulk_notices(post) == [("bulk.waits", False)]
    assert "Bulk work waits: " in page_of(cast.bob, "?show=open")
    assert "Bulk work waits: " not in page_of(cast.adam)
    (mail,) = [mail for mail in post.go_out() if "Bulk work waits" in mail.body]
    assert mail.to == [cast.bob.email]
    assert leads_to(mail, cast.bob, f"/t/acme/batches/{batch.pk}/")
    with video.scope():
        order_products(video.product, "increment", 5, acting_user=cast.bob)
    video.work()
    assert office.finish().state == "done"
    assert ("bulk.waits", True) in bulk_notices(post)


def test_long_bulk_work_that_has_ended_is_told_to_who_started_it(office, cast, post, video):
    batch = office.checked("username\nanna\ntwo words\n")
    office.press("start", batch)
    with video.scope():
        Batch.objects.update(started_at=F("started_at") - timedelta(minutes=5))
    assert office.finish().state == "done"
    assert bulk_notices(post) == [("bulk.finished", False)]
    assert "1 row was asked for. 1 row was not done." in page_of(cast.bob)
    (mail,) = [mail for mail in post.go_out() if "Bulk work has ended" in mail.body]
    assert mail.to == [cast.bob.email]
    assert leads_to(mail, cast.bob, f"/t/acme/batches/{batch.pk}/")


def test_bulk_work_that_ends_while_its_person_looks_on_is_no_news(office, post):
    assert started(office, "username\nanna\n").state == "done"
    assert bulk_notices(post) == []


def test_an_export_that_is_ready_is_told_to_who_asked_for_it(video, cast, post):
    with video.scope():
        spec = list_of("provisioning.subscribers")
        export = exports.ask_export(spec, "", cast.acme, form_key=uuid4(), acting_user=cast.bob)
    exports.write(cast.acme.pk, export.pk)
    with video.scope():
        assert Export.objects.get().ready
    assert "Your export is ready: " in page_of(cast.bob)
    assert "Your export is ready: " not in page_of(cast.adam)
    (mail,) = post.go_out()
    assert leads_to(mail, cast.bob, f"/t/acme/lists/exports/{export.pk}/")
