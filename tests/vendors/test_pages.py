"""The pages of connections and of the call log, as each role meets them."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.tenancy.scope import tenant_scope
from portal.vendors.models import Call, Connection, ConnectionState
from portal.vendors.tasks import test_connection as run_in_worker
from tests.vendors.conftest import CLIENT_ID, SECRET
from tests.vendors.samples import CLIENT_SECRET, samples

pytestmark = pytest.mark.django_db


def url(name: str, *args) -> str:
    return reverse(f"vendors:{name}", args=["acme", *args])


def new_url() -> str:
    """Where the form for a new connection is, the vendor being chosen."""
    return url("connection_new") + "?vendor=kandy"


@pytest.fixture
def sample(cast) -> Connection:
    with tenant_scope(cast.acme.pk):
        return Connection.objects.get(pk=samples(cast.acme, cast.alice)["vendors:connection"]["pk"])


@pytest.fixture
def entered(at_sandbox, account, settings):
    """What a person enters on the form, with what differs."""
    settings.VENDOR_ALLOW_INSECURE_URLS = True

    def make(**different) -> dict[str, str]:
        return {**vars(at_sandbox()), "credentials_end_on": "", "form_key": str(uuid.uuid4()), **different}

    return make


def stored(tenant) -> list[Connection]:
    with tenant_scope(tenant.pk):
        return list(Connection.objects.with_health())


# --- Who may what -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["vera", "bill", "bob"])
def test_everybody_sees_connections_and_most_change_nothing(client, cast, sample, who):
    client.force_login(getattr(cast, who))
    for page in (url("connections"), url("connection", sample.pk)):
        answer = client.get(page)
        assert answer.status_code == 200
        assert sample.name in answer.content.decode()
        assert url("connection_edit", sample.pk) not in answer.content.decode()
        assert url("connection_test", sample.pk) not in answer.content.decode()
    for name in ("connection_edit", "connection_disable", "connection_test", "connection_version_noted"):
        assert client.post(url(name, sample.pk)).status_code == 403, name
    assert client.get(new_url()).status_code == 403


def test_the_call_log_opens_for_operators(client, cast, sample):
    for who, status in {"vera": 403, "bill": 403, "bob": 200, "adam": 200, "charlie": 404}.items():
        client.force_login(getattr(cast, who))
        assert client.get(url("calls")).status_code == status, who


def test_a_stranger_finds_nothing(client, cast, sample):
    client.force_login(cast.charlie)
    assert client.get(url("connection", sample.pk)).status_code == 404
    assert client.get(reverse("vendors:connection", args=["globex", sample.pk])).status_code == 404


def test_secrets_are_on_no_page(client, cast, sample):
    client.force_login(cast.alice)
    for name, args in samples_of(sample).items():
        content = client.get(reverse(name, args=["acme", *args])).content.decode()
        assert CLIENT_SECRET not in content
        assert "sample client" not in content
        assert "a token never to be shown" not in content


def samples_of(sample) -> dict[str, list[int]]:
    one = [sample.pk]
    return {
        "vendors:connections": [],
        "vendors:connection": one,
        "vendors:connection_edit": one,
        "vendors:connection_health": one,
        "vendors:calls": [],
    }


# --- Adding and changing ------------------------------------------------------------------------------------------


def test_a_connection_is_added_tested_and_shown(client, cast, entered, django_capture_on_commit_callbacks):
    client.force_login(cast.adam)
    form = client.get(new_url())
    assert form.status_code == 200
    assert 'value="http' in form.content.decode(), "the vendor's own addresses are filled in"
    answer = client.post(new_url(), entered(name="Main account"))
    made = stored(cast.acme)[0]
    assert (answer.status_code, answer["Location"]) == (302, url("connection", made.pk))
    page = client.get(answer["Location"]).content.decode()
    assert "The connection is being tested" in page
    assert f'hx-get="{url("connection_health", made.pk)}"' in page
    run_in_worker(cast.acme.pk, made.pk)
    fragment = client.get(url("connection_health", made.pk)).content.decode()
    assert "The connection works." in fragment
    assert "hx-trigger" not in fragment, "polling stops by itself"
    assert "<html" not in fragment


def test_the_same_form_twice_is_one_connection(client, cast, entered):
    client.force_login(cast.alice)
    form = entered()
    first, second = (client.post(new_url(), form) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert len(stored(cast.acme)) == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "x" * 81}, "at most 80 characters"),
        ({"name": "x" * 1_000_000}, "too long"),
        ({"base_url": "ftp://vendor.example.com"}, "must begin with https://"),
        ({"token_url": "https://a:b@vendor.example.com/"}, "Credentials do not belong"),
        ({"client_id": ""}, "This field is required"),
        ({"client_secret": ""}, "This field is required"),
        ({"environment": "moon"}, "Select a valid choice"),
        ({"form_key": "x"}, "nothing was changed"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_saved(client, cast, entered, wrong, words):
    client.force_login(cast.alice)
    answer = client.post(new_url(), entered(**wrong))
    assert answer.status_code == 422
    content = answer.content.decode()
    assert words in content
    assert SECRET not in content, "a secret is not sent back, not even to who entered it"
    assert stored(cast.acme) == []


def test_a_taken_name_is_said_and_nothing_is_saved(client, cast, connection, entered):
    client.force_login(cast.alice)
    answer = client.post(new_url(), entered(name="Video"))
    assert answer.status_code == 422
    assert "a connection of this name already" in answer.content.decode()
    assert len(stored(cast.acme)) == 1


def test_an_edit_with_empty_credentials_keeps_them(client, cast, connection, entered):
    client.force_login(cast.adam)
    page = client.get(url("connection_edit", connection.pk)).content.decode()
    assert SECRET not in page
    assert CLIENT_ID not in page
    answer = client.post(url("connection_edit", connection.pk), entered(name="Renamed", client_id="", client_secret=""))
    assert answer["Location"] == url("connection", connection.pk)
    changed = stored(cast.acme)[0]
    assert (changed.name, changed.client_secret.reveal()) == ("Renamed", SECRET)


def test_disabled_and_enabled_by_a_button(client, cast, sample):
    client.force_login(cast.adam)
    answer = client.post(url("connection_disable", sample.pk), follow=True)
    assert "This connection is disabled" in answer.content.decode()
    client.post(url("connection_enable", sample.pk))
    assert stored(cast.acme)[0].enabled


def test_a_second_press_of_test_is_told_and_starts_nothing(client, cast, sample):
    client.force_login(cast.adam)
    client.post(url("connection_test", sample.pk))
    answer = client.post(url("connection_test", sample.pk), follow=True)
    assert "being tested already" in answer.content.decode()


def test_the_button_answers_htmx_with_the_fragment(client, cast, sample):
    client.force_login(cast.adam)
    answer = client.post(url("connection_test", sample.pk), headers={"HX-Request": "true"})
    assert 'id="health"' in answer.content.decode()
    assert "<html" not in answer.content.decode()


def test_a_lost_test_says_so_and_offers_another(client, cast, sample):
    with tenant_scope(cast.acme.pk):
        ConnectionState.objects.update(test_started_at=timezone.now() - timedelta(hours=1))
    client.force_login(cast.adam)
    page = client.get(url("connection", sample.pk)).content.decode()
    assert "told no result" in page
    assert url("connection_test", sample.pk) in page


# --- Notices ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["connections", "connection"])
def test_a_sunset_and_a_new_version_are_announced(client, cast, sample, name):
    client.force_login(cast.vera)
    page = client.get(url(name, *([sample.pk] if name == "connection" else []))).content.decode()
    assert "2027-07-31" in page
    assert "1.0" in page


def test_taking_note_ends_the_notice_of_the_version(client, cast, sample):
    client.force_login(cast.adam)
    page = client.post(url("connection_version_noted", sample.pk), follow=True).content.decode()
    assert "has a new version" not in page
    assert "2027-07-31" in page, "the sunset is the vendor's to take back"


# --- The call log -------------------------------------------------------------------------------------------------


@pytest.fixture
def log(cast, sample):
    """Calls of every kind besides the sample's own GET /inventory, newest last."""
    kinds = [
        ("POST", "/order", 201, ""),
        ("GET", "/order/O-17", 404, ""),
        ("POST", "/subscriber", 503, ""),
        ("DELETE", "/subscriber/S-1", None, "no answer in time"),
        ("GET", "/elsewhere", 302, ""),
        ("GET", "/broken", 200, "it is not JSON"),
    ]
    with tenant_scope(cast.acme.pk):
        Call.objects.bulk_create(
            Call(
                tenant=cast.acme,
                connection=sample,
                started_at=timezone.now() + timedelta(seconds=number),
                duration_ms=1,
                method=method,
                path=path,
                status=status,
                error=error,
                operation_id=number,
            )
            for number, (method, path, status, error) in enumerate(kinds, start=1)
        )


@pytest.mark.parametrize(
    ("filters", "paths"),
    [
        ("status=2", ["/broken", "/order", "/inventory"]),
        ("status=4", ["/order/O-17"]),
        ("status=none", ["/subscriber/S-1"]),
        ("method=DELETE", ["/subscriber/S-1"]),
        ("path=SUBSCR", ["/subscriber/S-1", "/subscriber"]),
        ("only_errors=on", ["/broken", "/elsewhere", "/subscriber/S-1", "/subscriber", "/order/O-17"]),
        ("operation=2", ["/order/O-17"]),
        ("connection=999999", []),
        ("status=nonsense&method=BREW&operation=x&connection=no", None),
    ],
)
def test_filters(client, cast, log, filters, paths):
    client.force_login(cast.bob)
    page = client.get(f"{url('calls')}?{filters}").context["page"]
    found = [call.path for call in page.items]
    assert found == paths if paths is not None else len(found) == 7


def test_a_call_is_shown_with_both_its_halves(client, cast, sample):
    with tenant_scope(cast.acme.pk):
        call = Call.objects.get()
        call.response = "200\n\n<script>alert(1)</script>"
        call.save()
    client.force_login(cast.bob)
    page = client.get(url("call", call.pk)).content.decode()
    assert "GET /inventory" in page
    assert "&lt;script&gt;" in page
    assert "sample-request" in page


def test_foreign_calls_are_not_found(client, cast, sample):
    with tenant_scope(cast.acme.pk):
        call = Call.objects.get()
    client.force_login(cast.charlie)
    assert client.get(reverse("vendors:call", args=["globex", call.pk])).status_code == 404
    assert client.get(reverse("vendors:calls", args=["globex"])).context["page"].items == []


# --- How much a page costs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [3, 120])
def test_pages_ask_few_questions_at_any_size(client, cast, sample, count, django_assert_max_num_queries):
    with tenant_scope(cast.acme.pk):
        made = Connection.objects.bulk_create(
            Connection(tenant=cast.acme, vendor="kandy", name=f"Nr {n}", client_secret="x") for n in range(count)
        )
        ConnectionState.objects.bulk_create(
            ConnectionState(tenant=cast.acme, connection=each, sunset="soon") for each in made
        )
        Call.objects.bulk_create(
            Call(tenant=cast.acme, connection=each, started_at=timezone.now(), duration_ms=1, method="GET", path="/x")
            for each in made
        )
    client.force_login(cast.alice)
    for page in (
        url("connections"),
        url("connection", sample.pk),
        url("calls"),
        f"{url('calls')}?connection={sample.pk}&path=x",
    ):
        with django_assert_max_num_queries(12):
            assert client.get(page).status_code == 200


def test_the_log_turns_its_pages(client, cast, sample):
    with tenant_scope(cast.acme.pk):
        Call.objects.bulk_create(
            Call(
                tenant=cast.acme,
                connection=sample,
                started_at=timezone.now(),
                duration_ms=1,
                method="GET",
                path=f"/{number}",
            )
            for number in range(60)
        )
    client.force_login(cast.bob)
    first = client.get(url("calls")).context["page"]
    second = client.get(f"{url('calls')}?cursor={first.next_cursor}").context["page"]
    assert len(first.items) == 50
    assert len({call.pk for call in [*first.items, *second.items]}) == 61
