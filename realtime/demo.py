"""The demo's live calls: a telephone system at the vendor sandbox with an office at work, connected as a person connects it.

Done by the portal's own verbs, each once, however often this runs. Only the calls of the day before are laid down, as the
events that would have told of them.
"""

import logging
import os
import secrets
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from django.conf import settings
from django.core.management.base import CommandError
from django.urls import reverse

from portal.local.demo import Demo
from portal.tenancy.models import Tenant
from portal.tenancy.scope import tenant_scope
from portal.vendors.connections import Account, add_connection
from portal.vendors.models import Connection
from realtime import demo_history, sync
from realtime.callback.keeping import add_form
from realtime.callback.models import CallbackForm
from realtime.cards.keeping import Customer, add_card, change_link
from realtime.cards.models import Card
from realtime.extensions.models import Extension
from realtime.extensions.operations import link_member
from realtime.grants import consent, exchanging
from realtime.grants.models import Grant
from realtime.grants.scopes import company_purposes, scopes_for
from realtime.grants.settings import choose_purposes
from realtime.models import RealtimeAccount

logger = logging.getLogger(__name__)

CLIENT_ID, NAME, FORM = "acme-live", "Telephone system", "Shop"
# Name at the telephone system, number, and who that is in the portal.
USERS = (
    ("Alice Jansen", "201", "alice"),
    ("Bob Bakker", "202", "bob"),
    ("Vera Visser", "203", "vera"),
    ("Adam de Vries", "204", "adam"),
    ("Petra Peters", "205", "petra"),
    ("Daan Mulder", "206", ""),
    ("Emma Bos", "207", ""),
    ("Finn Dekker", "208", ""),
    ("Lotte Kok", "209", ""),
)
DIALPLANS: tuple[dict[str, Any], ...] = (
    {"name": "Sales", "number": "345", "external_number": "31102612345", "rings": ["203", "206", "207"]},
    {"name": "Support", "number": "346", "external_number": "31102612346", "rings": ["202", "208", "209"]},
)
CUSTOMERS = (
    Customer("Anna Bos", ["+31612345001", "+31206543001"], "Bos BV", "C-1001", "Prefers to be called in the morning."),
    Customer("Mees van Dijk", ["+31612345002"], "Van Dijk Installaties", "C-1002"),
    Customer("Nora Smits", ["+31612345003"], "", "C-1003", "Waits for a delivery."),
    Customer("Sem Willems", ["+31302345004"], "Willems & Zn.", "C-1004"),
    Customer("Tess Hendriks", ["+31612345005"], "Bloemen Hendriks", "C-1005"),
    Customer("Julia Maas", ["+32470123456"], "Maas NV", "C-1006"),
)
CRM_LINK = "https://crm.example/customers?phone={number}&id={reference}"
OFFICE_CALLERS = [number for customer in CUSTOMERS for number in customer.numbers]
# A telephone system with an office's life, told as untidily as the vendor's document allows.
MANNERS = {
    "spelling": "mixed",
    "twice": 0.05,
    "late": 0.05,
    "answer_after": 4,
    "office_per_minute": 2,
    "office_callers": OFFICE_CALLERS,
}
# A worker may be quicker, and is then waited for.
PATIENCE_SECONDS = 20


def load(demo: Demo) -> None:
    """Add what is missing. Raises CommandError, with the reason, when the sandbox does not do what it is asked."""
    url, token = os.environ.get("SANDBOX_URL"), os.environ.get("SANDBOX_CONTROL_TOKEN")
    if not url or not token:
        logger.warning("There is no vendor sandbox here (SANDBOX_URL), so the demo has no live calls.")
        return
    tenant, people = demo.tenants["acme"], demo.people
    try:
        connection = _known(tenant) or _connect(tenant, people["adam"], url, token)
        _consent(connection, people["adam"])
    except requests.RequestException as error:
        raise CommandError(
            f"The demo's live calls are not there: the vendor sandbox at {url} did not do what it was asked ({error}). "
            "Load it again with: make manage ARGS=load_demo"
        ) from error
    if not _until(lambda: _directory_is_read(connection)):
        logger.warning("The directory of the demo's telephone system was not read in time; load the demo again.")
        return
    with tenant_scope(tenant.pk):
        _telephones(connection, people)
        _customers(tenant, people["bob"])
        demo.told.append(_form(connection, url, people["adam"]))
    demo_history.load(connection, [number for _name, number, _person in USERS], OFFICE_CALLERS)


def _known(tenant: Tenant) -> Connection | None:
    with tenant_scope(tenant.pk):
        rows = Connection.objects.filter(tenant=tenant, vendor="kwebbl", name=NAME)
        return rows.select_related("tenant").first()


def _connect(tenant: Tenant, admin: Any, url: str, token: str) -> Connection:
    """A telephone system that is there already begins anew, with the new secret. Raises requests.RequestException."""
    secret, session = secrets.token_urlsafe(24), requests.Session()
    session.trust_env, session.headers["X-Sandbox-Control"] = False, token
    place = f"{url}/_sandbox/accounts/{CLIENT_ID}"
    users = [
        {"name": name, "number": number, "login": person or number, "password": number, "admin": person == "adam"}
        for name, number, person in USERS
    ]
    session.put(place, json={"client_secret": secret}, timeout=5).raise_for_status()
    company = {"users": users, "dialplans": list(DIALPLANS), **MANNERS}
    session.put(f"{place}/kwebbl", json=company, timeout=5).raise_for_status()
    base = settings.KWEBBL_BASE_URL
    account = Account(
        NAME, base, f"{base}/token", Connection.Environment.PRODUCTION, client_id=CLIENT_ID, client_secret=secret
    )
    with tenant_scope(tenant.pk):
        return add_connection(tenant, "kwebbl", account, acting_user=admin)


def _consent(connection: Connection, admin: Any) -> None:
    """As the admin does it in a browser, for everything that a company can want. Raises requests.RequestException."""
    purposes = [purpose.key for purpose in company_purposes()]
    with tenant_scope(connection.tenant_id):
        if Grant.objects.filter(connection=connection).exists():
            return
        choose_purposes(RealtimeAccount.objects.get(connection=connection), purposes)
        visit = consent.begin(connection, scopes_for(purposes), personal=False, session_key="demo", acting_user=admin)
    answer = consent.Answer(**_at_the_vendor(visit.url))
    taken = consent.take_answer(answer, session_key="demo", acting_user=admin)
    exchanging.exchange(connection.tenant_id, taken.pk)


def _at_the_vendor(url: str) -> dict[str, str]:
    """Sign in and agree on the vendor's page; what it sends the browser back with."""
    session = requests.Session()
    session.trust_env = False
    password = next(number for _name, number, person in USERS if person == "adam")
    form = {"login": "adam", "password": password, "decision": "allow"}
    answer = session.post(url, data=form, allow_redirects=False, timeout=5)
    answer.raise_for_status()
    told = parse_qs(urlsplit(answer.headers.get("Location", "")).query)
    return {name: told[name][0] for name in ("state", "code", "error") if name in told}


def _directory_is_read(connection: Connection) -> bool:
    sync.read_connection(connection.tenant_id, connection.pk)
    with tenant_scope(connection.tenant_id):
        return Extension.objects.filter(connection=connection).count() >= len(USERS)


def _until(done: Any) -> bool:
    end = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.5)
    return True


def _telephones(connection: Connection, people: Any) -> None:
    for _name, number, person in USERS:
        extension = Extension.objects.filter(connection=connection, number=number, member=None).first()
        if person and extension is not None:
            link_member(extension, people[person], acting_user=people["adam"])


def _customers(tenant: Tenant, who: Any) -> None:
    if Card.objects.filter(tenant=tenant).exists():
        return
    for customer in CUSTOMERS:
        add_card(tenant, customer, acting_user=who)
    change_link(tenant, CRM_LINK, acting_user=who)


def _form(connection: Connection, shop: str, admin: Any) -> str:
    """Where it can be tried: a page of another site that shows it."""
    form = CallbackForm.objects.filter(tenant=connection.tenant_id, name=FORM).first()
    form = form or add_form(
        name=FORM,
        agent=Extension.objects.get(connection=connection, number="203"),
        origins=[shop],
        countries=["NL", "BE"],
        greeting="Shall we call you?",
        language="en",
        acting_user=admin,
    )
    address = settings.PORTAL_URL + reverse("callback_form", args=[form.public_id])
    return f"A shop's page with a form to be called back: {shop}/shop?form={address}"
