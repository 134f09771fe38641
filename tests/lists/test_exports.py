"""CSV files of lists: small ones at once, large ones by the background; who may have them; what becomes of them."""

import csv
import gzip
import io
import os
import signal
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from portal.audit.models import Entry
from portal.lists import exports, registry
from portal.lists.csv_text import BYTE_ORDER_MARK
from portal.lists.models import Export, ExportPart
from portal.tenancy.scope import tenant_scope
from provisioning.models import Subscriber
from tests.fixtures.processes import CELERY
from tests.lists.conftest import spec_of, url
from tests.lists.samples import finished_export
from tests.provisioning.pages import text_of

SUBSCRIBERS = "provisioning.subscribers"
SECRETS = ("secret-of-a-subscriber", "account-of-a-connection", "secret-of-a-connection", "sample-secret")
KEYS = sorted(spec.key for spec in registry.lists())


def read(content: bytes) -> list[list[str]]:
    text = content.decode()
    assert text.startswith(BYTE_ORDER_MARK)
    return list(csv.reader(io.StringIO(text.removeprefix(BYTE_ORDER_MARK), newline=""), strict=True))


def content_of(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


@pytest.fixture
def small_steps(monkeypatch):
    monkeypatch.setattr(exports, "AT_ONCE", 10)


@pytest.fixture
def at_acme(cast):
    return lambda: tenant_scope(cast.acme.pk)


def ask(client, key=SUBSCRIBERS, **query):
    return client.post(url("export", key, **query), {"form_key": str(uuid4())})


def write(export: Export) -> None:
    """Take turns as the bells would, until nothing is left."""
    with tenant_scope(export.tenant_id):
        Export.objects.filter(pk=export.pk).update(due_at=Now())
    for _ in range(50):
        exports.write(export.tenant_id, export.pk)
        with tenant_scope(export.tenant_id):
            if Export.objects.get(pk=export.pk).due_at is None:
                return
    raise AssertionError("the export never came to an end")


@pytest.fixture
def asked(transactional_db, small_steps, alice, fill, at_acme, monkeypatch):
    """An export of 25 subscribers in steps of ten that nobody has begun yet."""
    monkeypatch.setattr(exports, "ring", lambda *_bell: None)
    fill(SUBSCRIBERS, 25)
    assert ask(alice, state="all", sort="username").status_code == 302
    with at_acme():
        return Export.objects.get()


# --- At once ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", KEYS)
def test_every_list_comes_as_csv_without_secrets(key, alice, fill):
    fill(key, 8)
    answer = alice.get(url("export", key))
    rows = read(answer.content)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer["Content-Disposition"]
    assert "no-store" in answer["Cache-Control"]
    assert rows[0] == [str(column.label) for column in spec_of(key).columns]
    assert len(rows) >= 4
    assert {len(row) for row in rows} == {len(rows[0])}
    assert not any(secret in answer.content.decode() for secret in SECRETS)


@pytest.mark.parametrize("key", KEYS)
def test_a_file_costs_the_same_at_any_size(key, alice, fill, django_assert_max_num_queries):
    fill(key, 60)
    with django_assert_max_num_queries(14):
        alice.get(url("export", key))


def test_the_file_has_the_rows_that_fit_in_the_order_of_the_page(alice, fill):
    fill(SUBSCRIBERS, 12)
    rows = read(alice.get(url("export", SUBSCRIBERS, state="deleted", sort="-username")).content)
    names = [row[0] for row in rows[1:]]
    assert names == sorted(names, reverse=True)
    assert len(names) == 6
    assert {row[1] for row in rows[1:]} == {"Deleted"}


def test_times_are_the_companys_with_their_offset(alice, fill, at_acme):
    fill(SUBSCRIBERS, 1)
    with at_acme():
        Subscriber.objects.update(created_at="2026-07-01T10:00:00Z")
    rows = read(alice.get(url("export", SUBSCRIBERS)).content)
    assert rows[1][rows[0].index("Asked for")] == "2026-07-01T12:00:00+02:00"


def test_a_name_that_would_be_a_formula_is_guarded(alice, fill, at_acme):
    fill(SUBSCRIBERS, 1)
    with at_acme():
        Subscriber.objects.update(identity='=HYPERLINK("https://evil.example")')
    rows = read(alice.get(url("export", SUBSCRIBERS)).content)
    assert rows[1][2] == '\'=HYPERLINK("https://evil.example")'


def test_it_is_on_record_who_exported_what(alice, fill, cast, at_acme):
    fill(SUBSCRIBERS, 4)
    alice.get(url("export", SUBSCRIBERS, state="active"))
    with at_acme():
        entry = Entry.objects.get(action="lists.exported")
    assert entry.actor == cast.alice
    assert entry.after == {"list": SUBSCRIBERS, "filter": "state=active", "rows": 2}


def test_a_filter_that_is_not_understood_exports_nothing(alice, fill, at_acme):
    fill("provisioning.orders", 2)
    answer = alice.get(url("export", "provisioning.orders", since="soon"))
    assert answer.status_code == 302
    assert "Nothing was exported" in text_of(alice.get(answer["Location"]))
    with at_acme():
        assert not Entry.objects.filter(action="lists.exported").exists()


def test_the_lists_role_is_asked(as_person, fill):
    fill("vendors.calls", 1)
    assert as_person("bob").get(url("export", "vendors.calls")).status_code == 200
    assert as_person("vera").get(url("export", "vendors.calls")).status_code == 403
    assert as_person("bob").get(url("export", "no.list")).status_code == 404


# --- In the background --------------------------------------------------------------------------------------------


def test_a_large_list_is_asked_for_on_a_page(small_steps, alice, fill):
    fill(SUBSCRIBERS, 30)
    assert "written in the background" in text_of(alice.get(url("export", SUBSCRIBERS, state="all")))


def test_a_large_file_is_written_part_by_part_and_is_the_whole_list(asked, alice, at_acme):
    assert "Waiting for its turn" in text_of(alice.get(url("exported", asked.pk)))
    write(asked)
    with at_acme():
        done = Export.objects.get()
        names = list(Subscriber.objects.order_by("username", "pk").values_list("username", flat=True))
    assert (done.rows, done.expected, done.part_count) == (25, 25, 3)
    assert "The file is ready" in text_of(alice.get(url("exported", asked.pk)))
    answer = alice.get(url("export_file", asked.pk))
    content = content_of(answer)
    assert [row[0] for row in read(content)[1:]] == names
    assert int(answer["Content-Length"]) == len(content)
    packed = alice.get(url("export_file", asked.pk, packed=1))
    assert gzip.decompress(content_of(packed)) == content
    assert int(packed["Content-Length"]) == done.packed_size


def test_the_asking_the_end_and_each_download_are_on_record(asked, alice, at_acme):
    write(asked)
    alice.get(url("export_file", asked.pk))
    with at_acme():
        acts = list(Entry.objects.filter(action__startswith="lists.").order_by("pk").values_list("action", flat=True))
        ended = Entry.objects.get(action="lists.exported")
    assert acts == ["lists.export_asked", "lists.exported", "lists.export_downloaded"]
    assert ended.after["rows"] == 25
    assert ended.after["filter"] == "state=all&sort=username"


def test_the_same_press_twice_is_one_export(small_steps, alice, fill, at_acme):
    fill(SUBSCRIBERS, 30)
    key = {"form_key": str(uuid4())}
    first, second = (alice.post(url("export", SUBSCRIBERS), key) for _ in range(2))
    assert first["Location"] == second["Location"]
    with at_acme():
        assert Export.objects.count() == 1


def test_nobody_has_more_written_at_once_than_one_may(small_steps, alice, fill):
    fill(SUBSCRIBERS, 30)
    answers = [ask(alice) for _ in range(exports.MOST_UNDER_WAY + 1)]
    assert [answer.status_code for answer in answers] == [302] * exports.MOST_UNDER_WAY + [422]


def test_a_step_that_was_killed_is_taken_again_from_its_beginning(asked, at_acme):
    """Killed before its commit: nothing of it is left but the lease."""

    class Killed(BaseException):
        pass

    def step(export):
        exports.write_part(export)
        if export.part_count == 2:
            raise Killed

    with pytest.raises(Killed):
        exports.take_turn(Export, asked.tenant_id, asked.pk, lambda export: step(export) or timedelta())
    with at_acme():
        assert Export.objects.get().rows == 10
        Export.objects.update(lease_until=Now() - timedelta(seconds=1))
    write(asked)
    with at_acme():
        assert Export.objects.get().rows == 25
        assert list(ExportPart.objects.values_list("number", flat=True)) == [0, 1, 2]


def test_an_export_of_filters_that_became_nonsense_is_given_up(asked, alice, at_acme):
    with at_acme():
        Export.objects.update(query="connection=none")
    write(asked)
    assert "are not understood any more" in text_of(alice.get(url("exported", asked.pk)))
    assert alice.get(url("export_file", asked.pk)).status_code == 302


def test_discarding_stops_it_and_takes_it_away(asked, alice, at_acme):
    assert alice.post(url("export_discard", asked.pk), {"form_key": str(uuid4())}).status_code == 302
    exports.write(asked.tenant_id, asked.pk)
    with at_acme():
        assert not Export.objects.exists()
        assert not ExportPart.objects.exists()


def test_files_are_kept_for_a_week_and_what_never_ends_is_given_up(cast, at_acme):
    now = timezone.now()
    with at_acme():
        kept = finished_export(cast.acme, cast.alice)
        old = finished_export(cast.acme, cast.alice, expires_at=now - timedelta(minutes=1))
        stuck = finished_export(
            cast.acme, cast.alice, finished_at=None, due_at=now, asked_at=now - exports.PATIENCE - timedelta(hours=1)
        )
    exports.purge()
    with at_acme():
        left = {one.pk: one.condition for one in Export.objects.all()}
    assert left == {kept.pk: "ready", stuck.pk: "failed"}
    assert old.pk not in left


# --- Whose they are -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "status"), [("bob", 200), ("adam", 200), ("vera", 302), ("charlie", 404)])
def test_a_file_is_for_who_asked_and_for_admins(cast, as_person, at_acme, who, status):
    with at_acme():
        bobs = finished_export(cast.acme, cast.bob)
    for name in ("exported", "exported_now", "export_file"):
        assert as_person(who).get(url(name, bobs.pk)).status_code == status
    listed = as_person(who).get(url("exports"))
    assert (url("exported", bobs.pk) in listed.content.decode()) == (status == 200)


def test_the_lists_role_is_asked_again_at_the_download(cast, as_person, at_acme):
    with at_acme():
        veras = finished_export(cast.acme, cast.vera, list_key="vendors.calls")
    assert as_person("vera").get(url("export_file", veras.pk)).status_code == 403


# --- With a real worker -------------------------------------------------------------------------------------------


def test_a_worker_killed_half_way_leaves_a_file_with_every_row_once(
    transactional_db, alice, fill, at_acme, start_process
):
    fill(SUBSCRIBERS, 20_000)
    assert ask(alice, state="all", sort="username").status_code == 302
    first = _worker(start_process, "first-worker")
    _until(at_acme, lambda export: export.part_count >= 2)
    os.killpg(first.pid, signal.SIGKILL)
    with at_acme():
        assert Export.objects.get().finished_at is None, "too quick to be killed half-way"
        Export.objects.update(lease_until=Now())
    _worker(start_process, "second-worker")
    exports.ring_what_is_due()
    done = _until(at_acme, lambda export: export.finished_at is not None)
    with at_acme():
        names = list(Subscriber.objects.order_by("username", "pk").values_list("username", flat=True))
    rows = read(content_of(alice.get(url("export_file", done.pk))))
    assert [row[0] for row in rows[1:]] == names
    assert len(names) == done.rows == 20_000


def _worker(start_process, name: str):
    quiet = ("--without-gossip", "--without-mingle", "--loglevel", "WARNING")
    queue = ("worker", "--pool", "threads", "--concurrency", "2", "--queues", "background")
    return start_process(name, *CELERY, *queue, *quiet, env={"DATABASE_POOL_SIZE": "4"})


def _until(at_acme, reached, seconds: float = 60) -> Export:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with at_acme():
            export = Export.objects.get()
        if reached(export):
            return export
        time.sleep(0.05)
    raise AssertionError(f"{export.condition} with {export.rows} rows")
