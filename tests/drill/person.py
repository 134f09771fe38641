"""What a person does at the end of the drill with what the portal could not settle: looks at the vendor, and decides."""

from django.contrib.auth import get_user_model

from portal.operations import decisions
from portal.operations.models import Operation
from portal.tenancy.scope import tenant_scope
from sandbox.control import SandboxControl
from tests.drill.plan import Account


def settle_what_needs_a_person(accounts: list[Account], control: SandboxControl) -> int:
    """Mark as done what the vendor has, have the rest sent again, with two people where it costs money. Returns how many."""
    first, second = (
        get_user_model().objects.get_or_create(email=f"{name}@drill.example")[0] for name in ("ann", "ben")
    )
    settled = 0
    for account in accounts:
        truth = {**control.account(account.client_id), **control.apidaze(account.client_id)}
        with tenant_scope(account.tenant.pk):
            for operation in Operation.objects.needing_a_person():
                settled += 1
                if (reference := _reference(operation, truth)) is not None:
                    decisions.mark_done(operation, reference=reference, reason="the vendor has it", acting_user=first)
                    continue
                decision = decisions.send_again(operation, reason="the vendor does not have it", acting_user=first)
                if decision.pending:
                    decisions.confirm(decision, acting_user=second)
    return settled


def _reference(operation: Operation, truth: dict) -> str | None:
    """What the vendor's staff would say on the telephone: the number of the order, the ID of what was made, or "no"."""
    payload = operation.payload
    if operation.kind == "telephony.delete_sip_account":
        return None if any(each["id"] == payload["sip_id"] for each in truth["sip_accounts"]) else "gone"
    if operation.kind == "telephony.create_sip_account":
        return next((each["id"] for each in truth["sip_accounts"] if each["username"] == payload["username"]), None)
    if operation.kind == "provisioning.order_products":
        return next(
            (
                order["order_number"]
                for order in truth["orders"]
                if (order["type"], order["quantity"]) == (payload["type"], payload["quantity"])
                and order["cause"] != "behind"
            ),
            None,
        )
    return next(
        (each["subscriber_id"] for each in truth["subscribers"] if each["username"] == payload["username"]), None
    )
