"""The demo's video: accounts at the vendor sandbox, connections to them, and a little real activity over these.

Everything is done by the portal's own verbs and carried out by its real worker; the vendor's history, older than the first
reading, is put at the sandbox by its control API. Each step has a key of its own and is done once, however often this runs.
"""

import logging
import os
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import requests
from celery import current_app
from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone
from kombu.exceptions import OperationalError

from portal.billing.closing import close, next_to_close
from portal.billing.contracts import agree, today
from portal.billing.lines import before
from portal.billing.models import Statement
from portal.billing.months import BILLING_ZONE
from portal.local.demo import Demo
from portal.operations.models import Operation, Status
from portal.operations.promises import AlreadySubmitted
from portal.tenancy.models import Tenant
from portal.tenancy.refusals import Refused
from portal.tenancy.scope import staff_scope, tenant_scope
from portal.vendors.connections import Account, add_connection
from portal.vendors.models import Connection
from provisioning import sync
from provisioning.meters import KEY
from provisioning.models import InventoryChange, MirrorState, Order, Product, Subscriber
from provisioning.operations import NotPromised, create_subscriber, delete_subscriber, order_products
from provisioning.pricing import set_price
from provisioning.refresh import refresh

logger = logging.getLogger(__name__)

STEPS = UUID("5f0c2f7e-6d0b-4a57-9a2c-2f1f6e0f5a11")
PATIENCE_SECONDS = 15.0
# Of that: until a worker that is just starting answers.
WORKER_SECONDS = 8.0
UP, DOWN = Order.Type.INCREMENT, Order.Type.DECREMENT


@dataclass(frozen=True)
class Site:
    """An account and the connection to it. `history` is (days ago, type, quantity); `others` are subscribers made elsewhere."""

    client_id: str
    tenant: str
    admin: str
    name: str
    environment: str
    unit_price: Decimal
    limit_eur: Decimal | None
    history: tuple[tuple[int, str, int], ...] = ()
    others: tuple[str, ...] = ()


ACME = Site(
    "acme-video", "acme", "adam", "Video", Connection.Environment.PRODUCTION, Decimal("2.50"), Decimal(500),
    history=((128, UP, 24), (97, UP, 14), (81, DOWN, 6), (75, UP, 8), (38, UP, 25), (16, DOWN, 5)),
    others=("reception", "boardroom"),
)  # fmt: skip
ACME_TEST = Site(
    "acme-video-test", "acme", "adam", "Video (test)", Connection.Environment.TEST, Decimal("1.00"), Decimal(50)
)
GLOBEX = Site(
    "globex-video", "globex", "charlie", "Video", Connection.Environment.PRODUCTION, Decimal("2.80"), Decimal(140),
    history=((50, UP, 20),), others=("switchboard",),
)  # fmt: skip


def load(demo: Demo) -> None:
    """Add what is missing. Raises CommandError, with the reason, when the sandbox cannot be commanded."""
    url, token = os.environ.get("SANDBOX_URL"), os.environ.get("SANDBOX_CONTROL_TOKEN")
    if not url or not token:
        logger.warning("There is no vendor sandbox here (SANDBOX_URL), so the demo has no connections to a vendor.")
        return
    try:
        _load(demo, Vendor(url, token))
    except requests.RequestException as error:
        raise CommandError(
            f"The demo's companies and people are there, their video is not: the vendor sandbox at {url} did not do what it "
            f"was asked ({error}). Load it again with: make manage ARGS=load_demo"
        ) from error


class Vendor:
    """What the vendor's own staff could do: the sandbox's control API (sandbox/README.md), as far as it is needed."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._session = url, requests.Session()
        self._session.trust_env = False
        self._session.headers["X-Sandbox-Control"] = token

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Raises requests.RequestException, also for a refusal."""
        answer = self._session.request(method, f"{self._url}/_sandbox{path}", json=body, timeout=5)
        answer.raise_for_status()
        return answer.json()

    def open_account(self, site: Site, secret: str) -> None:
        """With its history. An account that is there already only gets the new secret."""
        is_new = site.client_id not in self.call("GET", "/accounts")["accounts"]
        limit = None if site.limit_eur is None else str(site.limit_eur)
        terms = {"client_secret": secret, "unit_price_eur": str(site.unit_price), "limit_eur": limit}
        self.call("PUT", f"/accounts/{site.client_id}", terms)
        if not is_new:
            return
        for days, order_type, quantity in site.history:
            at = (timezone.now() - timedelta(days=days)).isoformat()
            order = {"type": order_type, "quantity": quantity, "at": at}
            self.call("POST", f"/accounts/{site.client_id}/behind/orders", order)
        for username in site.others:
            self.call("POST", f"/accounts/{site.client_id}/behind/subscribers", {"username": username})

    def lose_next_order_answer(self, site: Site) -> None:
        fault = {"kind": "lost_answer", "method": "POST", "path": "/order", "client_id": site.client_id, "times": 1}
        self.call("POST", "/faults", fault)

    def has_moved_total(self, site: Site) -> bool:
        page = self.call("GET", f"/ledger?client_id={site.client_id}&kind=inventory_changed")
        return any("order_number" not in entry["facts"] for entry in page["entries"])

    def move_total(self, site: Site, by: int) -> None:
        self.call("POST", f"/accounts/{site.client_id}/behind/total", {"by": by})


def _load(demo: Demo, vendor: Vendor) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    acme, test, globex = (Desk(site, demo, vendor) for site in (ACME, ACME_TEST, GLOBEX))
    desks = [acme, test, globex]
    if not all(desk.read_first(give_up) for desk in desks):
        raise CommandError(
            "The demo's video is not complete: the vendor sandbox could not be read. Load it again soon."
        )
    for desk in (acme, globex):
        desk.close_past_months()
    _work_at_acme(acme)
    _work_at_globex(globex)
    test.order("adam", UP, 10)
    # Above the agreed limit: taken by the vendor, and pending until its people agree.
    test.order("alice", UP, 60)
    if _carried_out(desks, give_up):
        _change_of_mind(acme, test, vendor)
    if _carried_out(desks, give_up):
        _surprise(acme, vendor)


def _work_at_acme(desk: "Desk") -> None:
    desk.order("alice", UP, 12)
    for username in ("anna", "daan", "emma", "finn", "julia", "lucas", "intern"):
        desk.subscribe("bob", username)
    desk.subscribe("petra", "workshop", lasting=timedelta(days=1))
    desk.subscribe("petra", "visitor", lasting=timedelta(minutes=45))
    desk.order("bob", DOWN, 4)
    # The vendor has one of this name, made elsewhere: it will refuse.
    desk.subscribe("bob", "reception")
    desk.order("bob", UP, 9)


def _work_at_globex(desk: "Desk") -> None:
    desk.order("charlie", UP, 5)
    for username in ("front-desk", "support-1", "support-2"):
        desk.subscribe("olga", username)


def _change_of_mind(acme: "Desk", test: "Desk", vendor: Vendor) -> None:
    acme.unsubscribe("bob", "intern")
    test.subscribe("adam", "robot-1")
    # Its answer is lost; after the settle time the portal looks, finds the order, and goes on.
    test.order("adam", DOWN, 2, before=lambda: vendor.lose_next_order_answer(test.site))


def _surprise(desk: "Desk", vendor: Vendor) -> None:
    """Somebody at the vendor changed the total without an order: a difference for people to decide on."""
    if not vendor.has_moved_total(desk.site):
        vendor.move_total(desk.site, by=3)
        with tenant_scope(desk.tenant.pk):
            refresh(desk.connection)


class Desk:
    """Where the people of one tenant work over one connection."""

    def __init__(self, site: Site, demo: Demo, vendor: Vendor) -> None:
        self.site, self.people = site, demo.people
        self.tenant: Tenant = demo.tenants[site.tenant]
        with tenant_scope(self.tenant.pk):
            known = Connection.objects.filter(tenant=self.tenant, vendor="kandy", name=site.name).first()
        self.connection: Connection = known or self._connect(vendor)

    def _connect(self, vendor: Vendor) -> Connection:
        site, secret = self.site, secrets.token_urlsafe(24)
        vendor.open_account(site, secret)
        account = Account(
            site.name,
            settings.KANDY_BASE_URL,
            settings.KPN_TOKEN_URL,
            site.environment,
            client_id=site.client_id,
            client_secret=secret,
        )
        admin = self.people[site.admin]
        with tenant_scope(self.tenant.pk):
            connection = add_connection(self.tenant, "kandy", account, acting_user=admin)
            for product in Product.objects.filter(connection=connection):
                set_price(product, unit_price=site.unit_price, limit_eur=site.limit_eur, acting_user=admin)
        return connection

    def read_first(self, give_up: float) -> bool:
        """Was the vendor read, here or by a worker that was faster?"""
        if not self._was_read():
            sync.read_connection(self.tenant.pk, self.connection.pk)
        return _until(self._was_read, give_up)

    def _was_read(self) -> bool:
        with tenant_scope(self.tenant.pk):
            return MirrorState.objects.filter(connection=self.connection, read_at__isnull=False).exists()

    def close_past_months(self) -> None:
        """By the terms that hold now, agreed from when the vendor's history began: once, before anything stands in the way."""
        with tenant_scope(self.tenant.pk):
            if Statement.objects.filter(tenant=self.tenant).exists():
                return
            for product in Product.objects.filter(connection=self.connection):
                self._agree_on_the_past(product)
            running = today().replace(day=1)
            try:
                while (month := next_to_close(self.tenant, before(running))) is not None:
                    close(self.tenant, month, acting_user=self.people["sue"])
            except Refused as refusal:
                logger.info("demo: a month of %s stays open: %s", self.site.client_id, refusal)

    def _agree_on_the_past(self, product: Product) -> None:
        began = InventoryChange.objects.filter(product=product).order_by("sequence").values_list("vendor_at", flat=True)
        if (at := began.first()) is None:
            return
        first = at.astimezone(BILLING_ZONE).date().replace(day=1)
        terms: dict[str, Any] = {"unit_price": self.site.unit_price, "limit_eur": self.site.limit_eur}
        agree(self.tenant, KEY, product.pk, starts_on=first, acting_user=self.people["sue"], **terms)

    def order(self, who: str, order_type: str, quantity: int, *, before: Callable[[], None] | None = None) -> None:
        def ask(product: Product, key: UUID) -> None:
            if before and not Operation.objects.filter(form_key=key).exists():
                before()
            order_products(product, order_type, quantity, form_key=key, acting_user=self.people[who])

        self._once(f"{order_type} {quantity}", ask)

    def subscribe(self, who: str, username: str, *, lasting: timedelta | None = None) -> None:
        ends_at = timezone.now() + lasting if lasting else None
        self._once(
            f"subscribe {username}",
            lambda product, key: create_subscriber(
                product, username, ends_at=ends_at, form_key=key, acting_user=self.people[who]
            ),
        )

    def unsubscribe(self, who: str, username: str) -> None:
        def ask(product: Product, key: UUID) -> None:
            subscriber = Subscriber.objects.filter(product=product, username=username).latest("pk")
            delete_subscriber(subscriber, form_key=key, acting_user=self.people[who])

        self._once(f"unsubscribe {username}", ask)

    def _once(self, step: str, ask: Callable[[Product, UUID], object]) -> None:
        key = uuid5(STEPS, f"{self.connection.pk} {step}")
        try:
            with tenant_scope(self.tenant.pk):
                product = Product.objects.select_related("connection__tenant").get(connection=self.connection)
                ask(product, key)
        except AlreadySubmitted:
            return
        except NotPromised as refusal:
            logger.info("demo: %s over %s was left out: %s", step, self.site.client_id, refusal)


def _carried_out(desks: Iterable[Desk], give_up: float) -> bool:
    """Did a worker carry out what was promised? Waits for one only if it answers; what is left is done when one comes."""
    connections = [desk.connection.pk for desk in desks]
    if _at_rest(connections):
        return True
    answered = _worker_answers(min(give_up, time.monotonic() + WORKER_SECONDS))
    return answered and _until(lambda: _at_rest(connections), give_up)


def _at_rest(connections: list[int]) -> bool:
    """Nothing can move any more; what waits behind an unknown outcome has to."""
    with staff_scope():
        mine = Operation.objects.filter(connection_id__in=connections)
        return not mine.filter(status=Status.SENDING).exists() and not mine.due().exists()


def _worker_answers(give_up: float) -> bool:
    try:
        return _until(lambda: bool(current_app.control.ping(timeout=0.5)), give_up)
    except OperationalError:
        return False


def _until(true: Callable[[], bool], give_up: float) -> bool:
    while not true():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.1)
    return True
