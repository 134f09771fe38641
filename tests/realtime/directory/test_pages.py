"""The pages of directory and subscriptions: who may do what, and what a page says."""

from uuid import uuid4

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from realtime.extensions.models import Extension, Favourite
from tests.provisioning.pages import text_of


def url(name: str, *args: object) -> str:
    return reverse(f"realtime:{name}", args=["acme", *args])


@pytest.fixture
def sign_in(client):
    def signed_in(person):
        client.force_login(person)
        return client

    return signed_in


def link(office, name: str, person) -> Extension:
    with office.scope():
        Extension.objects.filter(name=name).update(member=person)
    return office.extension(name)


def choice(office, extension: Extension) -> dict[str, str]:
    with office.scope():
        return {"form_key": str(uuid4()), "caller_id": str(extension.caller_ids.order_by("number").first().pk)}


def set_at_vendor(office, name: str) -> str:
    return next(row["caller_id"] for row in office.truth()["extensions"] if row["name"] == name)


def test_without_a_connection_the_page_says_what_one_is_for(sign_in, cast):
    for name in ("directory", "subscriptions"):
        assert "No telephone system yet" in text_of(sign_in(cast.alice).get(url(name)))


def test_the_directory_shows_everybody_with_numbers_and_ages(sign_in, office, cast):
    text = text_of(sign_in(cast.vera).get(url("directory")))
    for told in ("Alice Jansen", "201", "Sales", "+31102612345", "First seen"):
        assert told in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "jans"}, {"Alice Jansen"}),
        ({"q": "+31 10 261 2346"}, {"Support"}),
        ({"q": "202"}, {"Bob de Vries"}),
        ({"kind": "dialplan"}, {"Sales", "Support"}),
        ({"show": "gone"}, set()),
    ],
)
def test_the_directory_is_searched_and_narrowed(sign_in, office, cast, query, found):
    page = sign_in(cast.vera).get(url("directory"), query)
    assert {row.name for row in page.context["page"].items} == found


def test_the_gone_are_shown_with_the_time_when_asked_for(sign_in, office, cast):
    gone = office.extension("Support")
    office.control.remove_kwebbl_extension(office.client_id, gone.vendor_id)
    office.sync()
    client = sign_in(cast.vera)
    assert "Support" not in text_of(client.get(url("directory")))
    assert "Support" in text_of(client.get(url("directory"), {"show": "gone"}))
    assert "this extension no more" in text_of(client.get(url("extension", gone.pk)))


def test_a_favourite_is_ones_own_and_works_without_javascript(sign_in, office, cast):
    bobs = office.extension("Bob de Vries")
    page = sign_in(cast.vera).post(url("favourite", bobs.pk), follow=True)
    assert "My favourites" in text_of(page)
    assert [row.name for row in page.context["favourites"]] == ["Bob de Vries"]
    only = sign_in(cast.vera).get(url("directory"), {"show": "favourites"})
    assert [row.name for row in only.context["page"].items] == ["Bob de Vries"]
    assert sign_in(cast.bob).get(url("directory")).context["favourites"] == []
    sign_in(cast.vera).post(url("favourite", bobs.pk))
    with office.scope():
        assert not Favourite.objects.exists()


def test_the_star_says_whether_it_is_pressed(sign_in, office, cast):
    bobs = office.extension("Bob de Vries")
    answer = sign_in(cast.vera).post(url("favourite", bobs.pk), headers={"HX-Request": "true"})
    assert 'aria-pressed="true"' in answer.content.decode()
    assert "Favourite: Bob de Vries" in answer.content.decode()


def test_the_directory_costs_as_many_queries_at_any_size(sign_in, office, cast):
    client = sign_in(cast.vera)
    client.get(url("directory"))
    with CaptureQueriesContext(database) as few:
        client.get(url("directory"))
    with office.scope():
        Extension.objects.bulk_create(
            Extension(
                tenant=office.tenant,
                connection=office.connection,
                vendor_id=f"E-{place}",
                name=f"Person {place}",
                number=f"{place + 1000}",
                kind="user",
            )
            for place in range(200)
        )
    with CaptureQueriesContext(database) as many:
        client.get(url("directory"))
    assert len(few) == len(many) <= 12


@pytest.mark.parametrize("name", ["extension", "subscriptions"])
def test_the_other_pages_cost_few_queries(sign_in, office, cast, name):
    office.settle_down()
    client = sign_in(cast.alice)
    address = url(name, *([office.extension("Bob de Vries").pk] if name == "extension" else []))
    client.get(address)
    with CaptureQueriesContext(database) as asked:
        assert client.get(address).status_code == 200
    assert len(asked) <= 11, "\n".join(query["sql"][:160] for query in asked.captured_queries)


def test_the_directory_comes_as_csv(sign_in, office, cast):
    page = sign_in(cast.vera).get(url("directory"))
    answer = sign_in(cast.vera).get(page.context["list"].export_url)
    assert "Alice Jansen" in b"".join(answer).decode("utf-8-sig")


# --- Caller IDs ---------------------------------------------------------------------------------------------------


def test_an_admin_sets_anybodys_caller_id(sign_in, office, cast):
    bobs = office.extension("Bob de Vries")
    page = sign_in(cast.adam).post(url("caller_id_set", bobs.pk), choice(office, bobs), follow=True)
    assert "on its way to the vendor" in text_of(page)
    assert 'hx-trigger="every 2s"' in page.content.decode()
    office.work()
    assert set_at_vendor(office, "Bob de Vries") == office.extension("Bob de Vries").caller_id != ""
    page = sign_in(cast.adam).get(url("extension", bobs.pk))
    assert "Set here: +31102612345" in text_of(page)
    assert 'hx-trigger="every 2s"' not in page.content.decode()


def test_a_person_sets_the_caller_id_of_their_own_telephone_alone(sign_in, office, cast):
    bobs, alices = link(office, "Bob de Vries", cast.bob), office.extension("Alice Jansen")
    client = sign_in(cast.bob)
    client.post(url("caller_id_set", bobs.pk), choice(office, bobs))
    refused = client.post(url("caller_id_set", alices.pk), choice(office, alices), follow=True)
    assert "An admin can set this caller ID" in text_of(refused)
    office.work()
    assert set_at_vendor(office, "Bob de Vries")
    assert not set_at_vendor(office, "Alice Jansen")


def test_the_same_form_sent_twice_sets_it_once(sign_in, office, cast):
    bobs = office.extension("Bob de Vries")
    form = choice(office, bobs)
    for _ in range(2):
        sign_in(cast.alice).post(url("caller_id_set", bobs.pk), form)
    office.work()
    assert office.effects("caller_id_set") == 1


@pytest.mark.parametrize("fault", ["lost_answer", "no_work_lost"])
def test_a_lost_answer_is_sent_again_since_nothing_tells_which_is_set(sign_in, office, cast, fault):
    bobs = office.extension("Bob de Vries")
    office.control.add_fault(fault, method="PUT", path="/caller_id", times=1)
    sign_in(cast.alice).post(url("caller_id_set", bobs.pk), choice(office, bobs))
    office.work()
    office.let_time_pass()
    office.work()
    assert office.operation().status == "done"
    assert set_at_vendor(office, "Bob de Vries") == office.extension("Bob de Vries").caller_id != ""


def test_what_the_vendor_refuses_is_told_and_changes_nothing(sign_in, office, cast):
    """A number that was taken away meanwhile."""
    bobs = office.extension("Bob de Vries")
    with office.scope():
        bobs.caller_ids.filter(number="+31102612345").update(vendor_id="9" * 32)
    sign_in(cast.alice).post(url("caller_id_set", bobs.pk), choice(office, bobs))
    office.work()
    assert "The vendor refused it" in text_of(sign_in(cast.alice).get(url("extension", bobs.pk)))
    assert office.extension("Bob de Vries").caller_id == ""


def test_without_the_scope_nothing_is_promised(sign_in, office, cast):
    bobs = office.extension("Bob de Vries")
    office.connect(cast.alice, ["company.dialplans", "calls.events"])
    page = sign_in(cast.alice).post(url("caller_id_set", bobs.pk), choice(office, bobs), follow=True)
    assert "The permission company.users is missing" in text_of(page)


def test_a_choice_that_is_not_offered_is_refused(sign_in, office, cast):
    bobs = office.extension("Bob de Vries")
    form = {"form_key": str(uuid4()), "caller_id": "999999"}
    assert sign_in(cast.alice).post(url("caller_id_set", bobs.pk), form).status_code == 422


def test_an_admin_says_whose_telephone_it_is(sign_in, office, cast):
    bobs = office.extension("Bob de Vries")
    form = {"form_key": str(uuid4()), "member": str(cast.bob.pk)}
    sign_in(cast.adam).post(url("extension_member", bobs.pk), form)
    assert office.extension("Bob de Vries").member_id == cast.bob.pk
    assert sign_in(cast.bob).post(url("extension_member", bobs.pk), form).status_code == 403


def test_a_stranger_to_the_company_cannot_be_chosen(sign_in, office, cast):
    bobs = office.extension("Bob de Vries")
    form = {"form_key": str(uuid4()), "member": str(cast.charlie.pk)}
    assert sign_in(cast.adam).post(url("extension_member", bobs.pk), form).status_code == 422
    assert office.extension("Bob de Vries").member_id is None


def test_the_choice_of_one_extension_is_read_again_when_asked_for(sign_in, office, cast):
    bobs = office.extension("Bob de Vries")
    sign_in(cast.vera).post(url("caller_ids_refresh", bobs.pk))
    office.sync()
    assert office.extension("Bob de Vries").caller_ids_read_at > bobs.caller_ids_read_at


# --- Subscriptions ------------------------------------------------------------------------------------------------


def test_the_page_tells_what_is_kept_and_what_is_not_ours(sign_in, office, cast):
    from tests.realtime.directory.test_subscriptions import make_stray

    office.settle_down()
    make_stray(office, "https://other.example/hook")
    office.sync()
    text = text_of(sign_in(cast.adam).get(url("subscriptions")))
    for told in ("Active", "Everybody's", "detailed", "https://other.example/hook", "Not ours"):
        assert told in text


def test_an_admin_cancels_a_stray_one_and_not_ours(sign_in, office, cast):
    from tests.realtime.directory.test_subscriptions import make_stray

    office.settle_down()
    make_stray(office, "https://other.example/hook")
    office.sync()
    ours, stray = office.subscriptions()
    client, form = sign_in(cast.adam), {"form_key": str(uuid4())}
    assert "The portal needs this" in text_of(client.post(url("subscription_cancel", ours.pk), form, follow=True))
    assert "being cancelled" in text_of(client.post(url("subscription_cancel", stray.pk), form, follow=True))
    office.work()
    assert office.states() == ["active", "gone"]
    assert sign_in(cast.bob).get(url("subscriptions")).status_code == 403


def test_what_is_missing_is_said_where_it_is_missed(sign_in, unconnected, cast):
    unconnected.want("events")
    unconnected.connect(cast.alice, ["company.users"])
    assert "Missing: calls.events" in text_of(sign_in(cast.adam).get(url("subscriptions")))


def test_refreshing_asks_for_a_reading(sign_in, office, cast):
    answer = sign_in(cast.vera).post(url("directory_refresh"), headers={"HX-Request": "true"})
    assert "Reading from the vendor" in text_of(answer)
    assert office.account().asked_at
