"""A client of the control API, for tests, drills and demonstrations. Each method is one line of README.md's table."""

import time
from collections.abc import Iterator
from typing import Any, TypedDict

import requests

from sandbox.control_sms import SmsControl

TIMEOUT_SECONDS = 30


class ControlError(Exception):
    """The sandbox refused a control call; the text is its own."""


class Order(TypedDict):
    order_number: str
    product: str
    type: str
    quantity: int
    status: str
    created_at: str
    fulfilled_at: str | None
    held: bool
    transaction_id: str
    cause: str


class Subscriber(TypedDict):
    subscriber_id: str
    username: str
    identity: str
    product: str
    created_at: str
    deleted_at: str | None
    transaction_id: str
    cause: str


class SipAccount(TypedDict):
    """`id` and the rest as the vendor tells them, without the password."""

    id: str
    username: str
    name: str
    internal_number: str
    external_number: str
    mwi_account: str
    status: str
    created_at: str
    updated_at: str
    transaction_id: str
    cause: str


class ExternalScript(TypedDict):
    id: str
    name: str
    url: str
    created_at: str
    updated_at: str
    transaction_id: str
    cause: str


class ApidazeState(TypedDict):
    sip_accounts: list[SipAccount]
    script: ExternalScript | None


class KwebblLeg(TypedDict):
    call_id: str
    role: str
    direction: str
    state: str
    recording: bool
    parties: dict[str, dict[str, str] | None]
    began_at: str
    answered_at: str | None
    ended_at: str | None
    reason: str


class KwebblCall(TypedDict):
    """`live` while one of its legs is."""

    conversation: str
    live: bool
    legs: list[KwebblLeg]


class KwebblEvent(TypedDict):
    """`due_at` is epoch seconds, None once it was posted for the last time; `status` None when no answer came."""

    event_id: str
    event_type: str
    subscription_id: str
    url: str
    body: str
    due_at: float | None
    tries: int
    status: int | None
    made_at: str
    posted_at: str | None


class KwebblState(TypedDict):
    manners: dict[str, Any]
    extensions: list[dict[str, Any]]
    grants: list[dict[str, Any]]
    subscriptions: list[dict[str, Any]]
    calls: list[KwebblCall]
    events: dict[str, int]


class AccountState(TypedDict):
    client_id: str
    domain: str
    unit_price_eur: str
    limit_eur: str | None
    token_lifetime: float
    quota_limit: int | None
    quota_interval: int
    quota_time_unit: str
    quota_reset_format: str
    fulfil_after: float
    sunset: str
    api_version: str
    blocked: bool
    single_answers: str
    list_cut_at: int | None
    status_told: bool
    case_tells_apart: bool
    script_answer: str
    product: str
    total: int
    available: int
    in_use: int
    orders: list[Order]
    subscribers: list[Subscriber]


class Effect(TypedDict):
    seq: int
    at: str
    client_id: str
    kind: str
    facts: dict[str, Any]
    transaction_id: str
    cause: str


class LoggedRequest(TypedDict):
    seq: int
    at: str
    client_id: str | None
    method: str
    path: str
    transaction_id: str
    status: int | None
    fault: str | None


class Fault(TypedDict, total=False):
    id: int
    kind: str
    seen: int
    struck: int


class SandboxControl(SmsControl):
    """Not for use by several threads at once: it keeps one connection."""

    def __init__(self, base_url: str, token: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["X-Sandbox-Control"] = token

    def health(self) -> None:
        """Raises ControlError or requests' own errors when the sandbox is not there."""
        self._call("GET", "/health")

    # --- Accounts ---

    def put_account(self, client_id: str, client_secret: str | None = None, **fields: Any) -> AccountState:
        """Creates (with a secret) or changes an account; fields as in README.md, those left out keep their value."""
        if client_secret is not None:
            fields["client_secret"] = client_secret
        return self._call("PUT", f"/accounts/{client_id}", fields)

    def accounts(self) -> list[str]:
        return self._call("GET", "/accounts")["accounts"]

    def account(self, client_id: str) -> AccountState:
        return self._call("GET", f"/accounts/{client_id}")

    def revoke_tokens(self, client_id: str) -> int:
        return self._call("POST", f"/accounts/{client_id}/revoke-tokens")["revoked"]

    def fulfil_order(self, client_id: str, order_number: str) -> Order:
        return self._call("POST", f"/accounts/{client_id}/orders/{order_number}/fulfil")

    def reject_order(self, client_id: str, order_number: str) -> Order:
        return self._call("POST", f"/accounts/{client_id}/orders/{order_number}/reject")

    # --- Behind our back ---

    def move_total_behind(self, client_id: str, by: int) -> AccountState:
        return self._call("POST", f"/accounts/{client_id}/behind/total", {"by": by})

    def order_behind(self, client_id: str, type_: str, quantity: int, *, at: str | None = None) -> Order:
        """`at` backdates the order (ISO 8601 with offset)."""
        return self._call(
            "POST", f"/accounts/{client_id}/behind/orders", {"type": type_, "quantity": quantity, "at": at}
        )

    def subscribe_behind(self, client_id: str, username: str) -> Subscriber:
        return self._call("POST", f"/accounts/{client_id}/behind/subscribers", {"username": username})

    def unsubscribe_behind(self, client_id: str, subscriber_id: str) -> None:
        self._call("DELETE", f"/accounts/{client_id}/behind/subscribers/{subscriber_id}")

    # --- Apidaze ---

    def apidaze(self, client_id: str) -> ApidazeState:
        return self._call("GET", f"/accounts/{client_id}/apidaze")

    def add_sip_account_behind(self, client_id: str, username: str, **fields: str) -> SipAccount:
        """`fields` by the names of Apidaze's form."""
        fields["username"] = username
        return self._call("POST", f"/accounts/{client_id}/behind/sip-accounts", fields)

    def add_sip_accounts_behind(self, client_id: str, count: int, prefix: str = "user") -> int:
        """Many at once: `prefix` with a number from 1 is each one's username."""
        body = {"count": count, "prefix": prefix}
        return self._call("POST", f"/accounts/{client_id}/behind/sip-accounts/many", body)["made"]

    def change_sip_account_behind(self, client_id: str, sip_id: str, **fields: str) -> SipAccount:
        return self._call("PATCH", f"/accounts/{client_id}/behind/sip-accounts/{sip_id}", fields)

    def remove_sip_account_behind(self, client_id: str, sip_id: str) -> None:
        self._call("DELETE", f"/accounts/{client_id}/behind/sip-accounts/{sip_id}")

    def set_sip_status(self, client_id: str, sip_id: str, status: str) -> SipAccount:
        """What the status call tells from now on, such as "registered"."""
        return self._call("PUT", f"/accounts/{client_id}/sip-accounts/{sip_id}/status", {"status": status})

    def set_script_behind(self, client_id: str, url: str, name: str = "") -> ExternalScript:
        """Makes or changes the script of the customer's domain."""
        return self._call("PUT", f"/accounts/{client_id}/behind/script", {"url": url, "name": name})

    def remove_script_behind(self, client_id: str) -> None:
        self._call("DELETE", f"/accounts/{client_id}/behind/script")

    # --- Kwebbl ---

    def put_kwebbl(self, client_id: str, **fields: Any) -> KwebblState:
        """`users` and `dialplans` make the company anew; all other fields are the vendor's manners (README.md)."""
        return self._call("PUT", f"/accounts/{client_id}/kwebbl", fields)

    def kwebbl(self, client_id: str) -> KwebblState:
        """The truth: extensions, grants with how often each generation was refreshed, subscriptions, calls, events."""
        return self._call("GET", f"/accounts/{client_id}/kwebbl")

    def kwebbl_grant(self, client_id: str, login: str, scopes: list[str]) -> dict[str, Any]:
        """A grant without a walk through the consent page: the token endpoint's answer."""
        return self._call("POST", f"/accounts/{client_id}/kwebbl/grants", {"login": login, "scopes": scopes})

    def revoke_kwebbl(self, client_id: str, login: str | None = None) -> int:
        """The vendor ends all grants of the company, or those of one user."""
        return self._call("DELETE", f"/accounts/{client_id}/kwebbl/grants", query={"login": login})["revoked"]

    def add_kwebbl_extension(self, client_id: str, kind: str, **fields: Any) -> str:
        """A "user" or "dialplan" made behind our back; its ID."""
        return self._call("POST", f"/accounts/{client_id}/kwebbl/extensions", {"kind": kind, **fields})["id"]

    def change_kwebbl_extension(self, client_id: str, extension_id: str, **fields: Any) -> None:
        """`name`, `number` and `external_number`."""
        self._call("PATCH", f"/accounts/{client_id}/kwebbl/extensions/{extension_id}", fields)

    def remove_kwebbl_extension(self, client_id: str, extension_id: str) -> None:
        self._call("DELETE", f"/accounts/{client_id}/kwebbl/extensions/{extension_id}")

    def remove_kwebbl_subscription(self, client_id: str, subscription_id: str) -> None:
        self._call("DELETE", f"/accounts/{client_id}/kwebbl/subscriptions/{subscription_id}")

    def start_call(self, client_id: str, caller: str, callee: str) -> KwebblCall:
        """It rings. `caller` and `callee` are numbers: +31612345678 to 345 (a dialplan) is an inbound call."""
        return self._call("POST", f"/accounts/{client_id}/kwebbl/calls", {"caller": caller, "callee": callee})

    def step_call(self, client_id: str, conversation: str, step: str, **more: Any) -> KwebblCall:
        """`step`: answer, hold, resume, start_recording, stop_recording, transfer (`target`, `attended`), finish_transfer,
        cancel_transfer, hang_up (`reason`); on the user's leg unless `call_id` names another.
        """
        path = f"/accounts/{client_id}/kwebbl/calls/{conversation}/{step}"
        return self._call("POST", path, more)

    def office_life(
        self, client_id: str, seed: int = 0, *, minutes: float = 60, speed: float = 60, per_minute: int = 2
    ) -> dict[str, Any]:
        """Plans that much of an office's calls, `speed` times as fast; they begin now. `calls`, `steps` and `seconds` of it."""
        body = {"seed": seed, "minutes": minutes, "speed": speed, "per_minute": per_minute}
        return self._call("POST", f"/accounts/{client_id}/kwebbl/office-life", body)

    def kwebbl_events(self, client_id: str, *, last: int = 1000) -> list[KwebblEvent]:
        """The newest `last` events that were made, oldest first, each as often as it was sent."""
        return self._call("GET", f"/accounts/{client_id}/kwebbl/events", query={"last": last})["events"]

    # --- Faults and settings ---

    def set_latency(self, seconds: float, jitter_seconds: float = 0) -> None:
        self._call("PATCH", "/settings", {"latency_seconds": seconds, "latency_jitter_seconds": jitter_seconds})

    def settings(self) -> dict[str, float]:
        return self._call("GET", "/settings")

    def add_fault(self, kind: str, **rule: Any) -> Fault:
        """`method`, `path`, `client_id`, `times` or `probability` with `seed`, `skip`, and the kind's own fields."""
        return self._call("POST", "/faults", {"kind": kind, **rule})

    def faults(self) -> list[Fault]:
        return self._call("GET", "/faults")["faults"]

    def fault(self, fault_id: int) -> Fault:
        return next(fault for fault in self.faults() if fault["id"] == fault_id)

    def remove_faults(self, fault_id: int | None = None) -> int:
        """One rule, or all of them."""
        return self._call("DELETE", "/faults" if fault_id is None else f"/faults/{fault_id}")["deleted"]

    # --- What happened ---

    def ledger(self, client_id: str | None = None, kind: str | None = None, *, page_size: int = 1000) -> list[Effect]:
        """Every entry, oldest first."""
        return list(self.iterate_ledger(client_id, kind, page_size=page_size))

    def iterate_ledger(
        self, client_id: str | None = None, kind: str | None = None, *, after: int = 0, page_size: int = 1000
    ) -> Iterator[Effect]:
        next_after: int | None = after
        while next_after is not None:
            query = {"client_id": client_id, "kind": kind, "after": next_after, "limit": page_size}
            page = self._call("GET", "/ledger", query=query)
            yield from page["entries"]
            next_after = page["next_after"]

    def requests(self, client_id: str | None = None, *, last: int = 100) -> list[LoggedRequest]:
        """The newest `last` vendor calls, oldest first."""
        return self._call("GET", "/requests", query={"client_id": client_id, "last": last})["requests"]

    def count_requests(self, client_id: str | None, method: str, route: str) -> int:
        """How often a route (such as `/order/{order_number}`) was called since the last reset."""
        counters = self._call("GET", "/requests", query={"client_id": client_id, "last": 0})["counters"]
        return sum(row["count"] for row in counters if (row["method"], row["route"]) == (method, route))

    def pending(self) -> dict[str, int]:
        """`late_work`, `orders_due`, `steps_due`, `events_due`, `reports_due` and `calls_in_flight`."""
        return self._call("GET", "/pending")

    def wait_until_quiet(self, timeout_seconds: float = 30) -> None:
        """Until nothing is in flight and nothing but delivery reports will come by itself. Raises TimeoutError."""
        self._wait_while_pending(
            ("late_work", "orders_due", "steps_due", "events_due", "calls_in_flight"), timeout_seconds
        )

    def wait_until_reported(self, timeout_seconds: float = 30) -> None:
        """Until every delivery report that was due was taken or given up. Raises TimeoutError."""
        self._wait_while_pending(("late_work", "calls_in_flight", "reports_due"), timeout_seconds)

    def _wait_while_pending(self, names: tuple[str, ...], timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while any((pending := self.pending())[name] for name in names):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the sandbox is still busy: {pending}")
            time.sleep(0.05)

    def reset(self) -> None:
        """Forgets everything: accounts, ledger, faults, settings."""
        self._call("POST", "/reset")

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, query: dict[str, Any] | None = None
    ) -> Any:
        answer = self._session.request(
            method, f"{self.base_url}/_sandbox{path}", json=body, params=query, timeout=TIMEOUT_SECONDS
        )
        if not answer.ok:
            raise ControlError(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json()
