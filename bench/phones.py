"""What a crowd's companies have of telephony, and the pages that are measured over it.

One SIP account for ten subscribers, and another one that was deleted: 100 that live in the company that is measured, 10,000 in
the giant one. Call scripts, links and trials are as many in each, since nobody writes more of them for having more telephones.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from bench.companies import FIRST, LAST, NOW, YEAR, Company, moments, owner_of

# Of every hundred subscribers. An account of an odd number was deleted, a difference of one has gone.
ACCOUNTS, DRIFTS = 20, 20
# Who has so many accounts has call scripts.
ENOUGH, SCRIPTS, VERSIONS = 200, 60, 3
LINKS, TRIALS = 100, 100
# A company had its telephones for so long: of ten thousand, some hundred come or go in a month.
YEARS = 10 * YEAR
CAUSES = ((1, "created"), (-1, "deleted"))
# Above the numbers of what video has in the same tables.
ABOVE = 50_000_000
TEXT = r"<document>\n<work>\n<answer/>\n<speak>Hello {{ caller_id_number }}</speak>\n</work>\n</document>"
CALL = '{"caller_id_number": "+31612345678"}'
ELSEWHERE = "https://calls.example.com/night.xml"


def tables(made: list[Company]) -> Iterator[tuple[Any, str, Iterable[tuple]]]:
    """As `bench.crowd._tables`."""
    from portal.operations.models import Operation
    from portal.tenancy.sealing import sealed_for
    from portal.vendors.models import Connection, ConnectionState
    from telephony.models import Drift, ExternalScript, MirrorState, SetupLink, SipAccount, SipLevel

    yield (
        Connection,
        "id tenant_id vendor name base_url",
        ((connection_of(c), c.pk, "apidaze", f"Telephones of {c.slug}", "https://apidaze.example") for c in made),
    )
    states = [(connection_of(c), c.pk, connection_of(c), NOW) for c in made]
    yield ConnectionState, "id tenant_id connection_id succeeded_at", states
    yield MirrorState, "id tenant_id connection_id read_at", states
    yield (
        SipAccount,
        (
            "id tenant_id connection_id username name state vendor_id domain registration requested_by_id created_at"
            " vendor_created_at status_read_at"
        ),
        _accounts(made),
    )
    yield SipLevel, "id tenant_id connection_id sequence quantity level cause account_id recorded_at", _levels(made)
    yield (
        Operation,
        (
            "id tenant_id connection_id kind lane label subject_type subject_id created_at created_by_id status ended_at"
            " attempt_count"
        ),
        _operations(made),
    )
    yield Drift, "id tenant_id connection_id kind key vendor_id first_seen_at last_seen_at state", _drifts(made)
    links = "id tenant_id account_id secret_digest sent_to language made_by_id made_at expires_at"
    yield SetupLink, links, _links(made)
    addresses = ((c, sealed_for(ExternalScript(tenant_id=c.pk), "url", ELSEWHERE)) for c in made)
    known = ((c.pk, c.pk, connection_of(c), "E1", "Night", url, NOW) for c, url in addresses)
    yield ExternalScript, "id tenant_id connection_id vendor_id name url read_at", known
    yield from _scripts([company for company in made if len(company.share(ACCOUNTS)) >= ENOUGH])


def connection_of(company: Company) -> int:
    return ABOVE + company.pk


def _phone(number: int) -> str:
    return f"{FIRST[number % 10]}.phone.{number:09}"


def _accounts(made: list[Company]) -> Iterator[tuple]:
    for company in made:
        for number, at in moments(company.share(ACCOUNTS), YEARS):
            name = f"{FIRST[number % 10]} {LAST[number // 10 % 7]}".title()
            state = "deleted" if number % 2 else "active"
            yield (
                number, company.pk, connection_of(company), _phone(number), name, state, f"A{number:09}",
                f"{company.slug}.sip.example", "registered", owner_of(company), at, at, NOW,
            )  # fmt: skip


def _levels(made: list[Company]) -> Iterator[tuple]:
    for company in made:
        connection, sequence, level = connection_of(company), 0, 0
        for number, at in moments(company.share(ACCOUNTS), YEARS):
            for quantity, cause in CAUSES[: 1 + number % 2]:
                sequence, level = sequence + 1, level + quantity
                yield 2 * number + sequence % 2, company.pk, connection, sequence, quantity, level, cause, number, at


def _operations(made: list[Company]) -> Iterator[tuple]:
    for company in made:
        for number, at in moments(company.share(ACCOUNTS), YEARS):
            yield (
                ABOVE + number, company.pk, connection_of(company), "telephony.create_sip_account", f"sip:{_phone(number)}",
                _phone(number), "telephony.sipaccount", number, at, owner_of(company), "done", at, 1,
            )  # fmt: skip


def _drifts(made: list[Company]) -> Iterator[tuple]:
    for company in made:
        for number, at in moments(company.share(DRIFTS)):
            yield (
                number, company.pk, connection_of(company), "unknown_account", f"other.{number}", f"O{number:09}", at, NOW,
                "gone" if number % 2 else "open",
            )  # fmt: skip


def _links(made: list[Company]) -> Iterator[tuple]:
    """Of the first account of each company that has one."""
    for company in filter(lambda company: company.share(ACCOUNTS), made):
        for place, at in moments(range(LINKS)):
            yield (
                company.pk * LINKS + place, company.pk, _even(company.share(ACCOUNTS)), f"{company.pk}-{place}",
                f"member{place}@{company.slug}.example", "en", owner_of(company), at, at,
            )  # fmt: skip


def _even(numbers: range) -> int:
    """The first one that lives, or is open."""
    return numbers.start + numbers.start % 2


# --- Scripts ------------------------------------------------------------------------------------------------------


def _scripts(made: list[Company]) -> Iterator[tuple[Any, str, Iterable[tuple]]]:
    from telephony.models import CallScript, ScriptCase, ScriptTrial, ScriptVersion

    numbers = [(company, _script(company) + place) for company in made for place in range(SCRIPTS)]
    versions = [(c, n, n * VERSIONS + place, place + 1) for c, n in numbers for place in range(VERSIONS)]
    published = ((n, c.pk, f"Script {n}", f"{n}", n * VERSIONS, NOW, owner_of(c)) for c, n in numbers)
    yield CallScript, "id tenant_id name address_digest published_id published_at published_by_id", published
    texts = ((pk, c.pk, n, number, TEXT, NOW, owner_of(c)) for c, n, pk, number in versions)
    yield ScriptVersion, "id tenant_id script_id number text made_at made_by_id", texts
    cases = ((n, c.pk, n, "From outside", CALL, '["<answer/>"]') for c, n in numbers)
    yield ScriptCase, "id tenant_id script_id name parameters expects", cases
    trials = (
        (c.pk * TRIALS + place, c.pk, connection_of(c), "vendor", _script(c), CALL, owner_of(c), NOW, TEXT)
        for c in made
        for place in range(TRIALS)
    )
    yield ScriptTrial, "id tenant_id connection_id way hosted_id parameters requested_by_id ended_at answer", trials


def _script(company: Company) -> int:
    """The number of its first one."""
    return company.pk * SCRIPTS


# --- Pages --------------------------------------------------------------------------------------------------------


def pages(company: Company) -> Iterator[tuple[str, list[int], str]]:
    """Every page of telephony but its lists, which the bench finds by itself: (name of its address, arguments, query)."""
    account, difference, script = _even(company.share(ACCOUNTS)), _even(company.share(DRIFTS)), _script(company)
    for name in ("sip_account_new", "mirror", "script_new", "external_script", "external_script_now"):
        yield f"telephony:{name}", [], ""
    for name in ("external_script_set", "external_script_delete", "script_trial_new"):
        yield f"telephony:{name}", [], ""
    for name in ("sip_account", "sip_account_row", "sip_account_now", "sip_account_edit", "sip_account_delete"):
        yield f"telephony:{name}", [account], ""
    for name in ("setup_sheet", "setup_links"):
        yield f"telephony:{name}", [account], ""
    yield "telephony:difference", [difference], ""
    for name in ("script", "script_delete", "script_withdraw", "script_address_change", "script_case_new"):
        yield f"telephony:{name}", [script], ""
    yield "telephony:script_case", [script, script], ""
    yield "telephony:script_compare", [script, VERSIONS], ""
    for name in ("script_trial", "script_trial_now"):
        yield f"telephony:{name}", [company.pk * TRIALS], ""
    one = f"?q={_phone(account)}"
    for query in ("?q=phone", one, "?q=nobody", "?state=deleted", "?state=all", "?state=requested"):
        yield "telephony:sip_accounts", [], query
    for query in ("?q=other", "?q=nobody", "?state=decided"):
        yield "telephony:differences", [], query
    for query in ("?q=script", "?state=published", "?state=draft"):
        yield "telephony:scripts", [], query
