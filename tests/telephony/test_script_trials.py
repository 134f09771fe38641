"""Trying the script of a domain: the vendor does it, or the portal fetches it; whatever comes back does no harm."""

import tracemalloc
from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.tenancy.scope import tenant_scope
from portal.vendors.models import Call
from telephony.scripts.addresses import Address
from telephony.scripts.cases import CALLS
from telephony.scripts.formatting import NotFormatted, formatted
from telephony.trials import running
from telephony.trials.models import ScriptTrial
from telephony.trials.running import NotFromHere, TooManyTrials, Way, run_trial, start_trial
from tests.provisioning.pages import text_of
from tests.telephony.scripting import again_with_address, published
from tests.vendors.raw import raw_vendor

ELSEWHERE = "https://calls.example.com/night.xml"
NEW = "/t/acme/telephony/script/trials/new/"
GREETING = '<speak language="en-US">Good evening</speak>'
BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><document>&b;&b;</document>'
EXTERNAL = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><document><work>&a;</work></document>'
DEEP = "<a>" * 5_000 + "</a>" * 5_000


def tried(telephone, who, address: Address | None = None, way: Way = Way.VENDOR, **parameters: str) -> ScriptTrial:
    """Started, and made by the worker."""
    with telephone.scope():
        trial = start_trial(
            telephone.connection, address or Address(url=ELSEWHERE), parameters, way=way, acting_user=who
        )
    run_trial(trial.tenant_id, trial.pk)
    with telephone.scope():
        return ScriptTrial.objects.get(pk=trial.pk)


def answering(telephone, body) -> None:
    telephone.control.add_fault("wrong_shape", method="GET", path="/externalscripts/test", body=body)


def page_of(client, trial: ScriptTrial):
    return client.get(reverse("telephony:script_trial", args=["acme", trial.pk]))


@pytest.fixture
def bob(client, cast, telephone):
    client.force_login(cast.bob)
    return client


@pytest.mark.parametrize("call", CALLS)
def test_the_vendor_tests_the_script_as_for_each_kind_of_call(bob, cast, telephone, call):
    _name, parameters = CALLS[call]
    trial = tried(telephone, cast.bob, **parameters)
    page = page_of(bob, trial)
    assert page.context["checked"].good
    assert f"call_type is {call}" in text_of(page)
    assert f"caller_id_number is {parameters['caller_id_number']}" in page.context["text"]


def test_the_answer_is_shown_one_element_a_line(bob, cast, telephone):
    shown = page_of(bob, tried(telephone, cast.bob)).context["text"].splitlines()
    assert shown[:3] == ["<document>", "  <work>", "    <answer/>"]


def test_a_hosted_script_is_tried_by_its_address_which_stays_a_secret(bob, cast, telephone):
    hosted = again_with_address(cast, published(cast))
    trial = tried(telephone, cast.bob, Address(hosted))
    assert hosted.address.reveal() in trial.answer, "the sandbox tells what it was asked"
    with telephone.scope():
        kept = list(Call.objects.values_list("path", "request", "response", "error"))
    assert "externalscripts/test" in repr(kept)
    assert hosted.address.reveal() not in repr(kept)


def test_an_answer_that_is_no_script_is_told(bob, cast, telephone):
    telephone.control.put_account(telephone.client_id, script_answer="list")
    assert "something else than a script" in text_of(page_of(bob, tried(telephone, cast.bob)))


def test_a_refusal_is_told_in_the_vendors_words(bob, cast, telephone):
    telephone.control.add_fault("status", status=400, method="GET", path="/externalscripts/test")
    trial = tried(telephone, cast.bob)
    assert trial.flaw
    assert "No script came back" in text_of(page_of(bob, trial))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (BOMB, "document type"),
        (EXTERNAL, "document type"),
        (DEEP, "Line 1"),
        (f"<document><work>{DEEP}</work></document>", "more than 32 deep"),
        ("<document><work><answer></work></document>", "Line 1"),
        ("\0\ud800 no xml", "Line 1"),
        ("<document><work><answer/></work></document>" + " " * 70_000, "Only its beginning was kept"),
    ],
)
def test_hostile_xml_is_shown_as_it_came_and_its_flaw_is_named(bob, cast, telephone, body, words):
    answering(telephone, body)
    tracemalloc.start()
    page = page_of(bob, tried(telephone, cast.bob))
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert words in text_of(page)
    assert "root:" not in page.content.decode()
    assert most < 30_000_000


def test_ten_megabytes_are_not_read(bob, cast, telephone):
    telephone.control.add_fault("huge", method="GET", path="/externalscripts/test", megabytes=10)
    trial = tried(telephone, cast.bob)
    assert (trial.answer, bool(trial.flaw)) == ("", True)
    assert "No script came back" in text_of(page_of(bob, trial))


def test_an_address_in_a_private_network_is_not_fetched(bob, cast, telephone, settings):
    settings.VENDOR_ALLOW_INSECURE_URLS = False
    trial = tried(telephone, cast.bob, Address(url="https://127.0.0.1/a.xml"), Way.HERE)
    assert "private network" in text_of(page_of(bob, trial))


def test_a_hosted_script_is_not_fetched_from_here(cast, telephone):
    with pytest.raises(NotFromHere):
        tried(telephone, cast.bob, Address(published(cast)), Way.HERE)


@pytest.fixture
def elsewhere(trusted_tls, settings):
    """A company's own server: `elsewhere(body, status)` is there over https, whoever asks. It lies on this machine."""
    settings.VENDOR_ALLOW_INSECURE_URLS = True

    def elsewhere(body: str, status: str = "200 OK"):
        told = body.encode()
        answer = f"HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nContent-Length: {len(told)}\r\n\r\n".encode() + told
        return raw_vendor(lambda connection, _request: connection.sendall(answer), trusted_tls)

    return elsewhere


def fetched_from_here(bob, telephone, url: str):
    """Bob asks for it on the page, and looks at what the worker brought."""
    form = {"form_key": str(uuid4()), "source": "elsewhere", "url": url, "parameters": "", "here": "1"}
    assert "The script is being tested" in text_of(bob.post(NEW, form, follow=True))
    with telephone.scope():
        trial = ScriptTrial.objects.latest("pk")
    run_trial(trial.tenant_id, trial.pk)
    return page_of(bob, trial)


def test_a_script_elsewhere_is_fetched_from_here_checked_and_shown(bob, telephone, elsewhere):
    with elsewhere(f"<document><work><answer/>{GREETING}</work></document>") as there:
        page = fetched_from_here(bob, telephone, f"{there.url}/night.xml?key=topsecret")
        assert there.requests[0].startswith(b"GET /night.xml?key=topsecret ")
    assert page.context["text"].splitlines()[2:4] == ["    <answer/>", f"    {GREETING}"]
    assert "Good evening" in text_of(page)
    assert "topsecret" not in page.content.decode()
    assert (page.context["checked"].good, page.context["trial"].way) == (True, "here")
    assert telephone.control.count_requests(telephone.client_id, "GET", "/externalscripts/test") == 0
    with telephone.scope():
        assert not Call.objects.filter(path__contains="night.xml").exists(), "it is no call of the vendor's"


def test_what_is_wrong_with_a_script_that_was_fetched_is_named_by_its_line(bob, telephone, elsewhere):
    with elsewhere("<document><work><answer></work></document>") as there:
        page = fetched_from_here(bob, telephone, f"{there.url}/night.xml")
    assert not page.context["checked"].good
    assert "Line 1" in text_of(page)


def test_an_answer_that_is_no_success_is_told_and_nothing_of_it_is_shown(bob, telephone, elsewhere):
    with elsewhere("<secret/>", "404 Not Found") as there:
        page = fetched_from_here(bob, telephone, f"{there.url}/night.xml")
    assert "status 404 instead of 200" in text_of(page)
    assert "secret" not in page.content.decode()


def test_a_trial_is_made_once_and_changes_nothing(cast, telephone):
    trial = tried(telephone, cast.bob)
    run_trial(trial.tenant_id, trial.pk)
    assert telephone.control.count_requests(telephone.client_id, "GET", "/externalscripts/test") == 1
    assert telephone.truth()["script"] is None


def test_no_more_than_a_few_at_a_time(cast, telephone):
    with telephone.scope():
        for _ in range(running.MOST_UNDER_WAY):
            start_trial(telephone.connection, Address(url=ELSEWHERE), {}, acting_user=cast.bob)
        with pytest.raises(TooManyTrials):
            start_trial(telephone.connection, Address(url=ELSEWHERE), {}, acting_user=cast.bob)


def test_a_trial_is_forgotten_after_a_day_and_a_lost_one_is_told(bob, cast, telephone):
    with telephone.scope():
        trial = start_trial(telephone.connection, Address(url=ELSEWHERE), {}, acting_user=cast.bob)
    assert 'hx-trigger="every 1s"' in page_of(bob, trial).content.decode()
    with telephone.scope():
        ScriptTrial.objects.update(asked_at=timezone.now() - timedelta(hours=1))
    page = page_of(bob, trial)
    assert "The test told no result" in text_of(page)
    assert "every 1s" not in page.content.decode()
    running.purge()
    assert page_of(bob, trial).status_code == 200
    with telephone.scope():
        ScriptTrial.objects.update(asked_at=timezone.now() - timedelta(hours=25))
    running.purge()
    assert page_of(bob, trial).status_code == 404


def test_another_companys_trial_is_not_there(client, cast, telephone):
    trial = tried(telephone, cast.bob)
    client.force_login(cast.charlie)
    assert page_of(client, trial).status_code == 404
    assert client.get(reverse("telephony:script_trial", args=["globex", trial.pk])).status_code == 404
    with tenant_scope(cast.globex.pk):
        assert not ScriptTrial.objects.exists()


# --- Formatting -------------------------------------------------------------------------------------------------------


def test_words_are_not_torn_apart_and_what_is_escaped_stays_so():
    xml = "<?xml version='1.0'?><a x='1 &amp; \"2\"'><b>x &lt; y</b><c/><!-- why --><d>one <e>two</e> three</d></a>"
    assert formatted(xml).splitlines() == [
        "<a x='1 &amp; \"2\"'>",
        "  <b>x &lt; y</b>",
        "  <c/>",
        "  <!-- why -->",
        "  <d>one <e>two</e> three</d>",
        "</a>",
    ]


@pytest.mark.parametrize(
    "xml", [BOMB, EXTERNAL, DEEP, "", "<a>", "<a/>" * 2, "<a>" + "<b/>" * 5_000 + "</a>", "x" * 10**6]
)
def test_what_is_no_script_is_not_formatted(xml):
    with pytest.raises(NotFormatted):
        formatted(xml)
