"""One row of each kind that the addresses of `portal.operations` name; see tests/sweep."""

from django.utils import timezone

from portal.operations import engine
from portal.operations.decisions import Action
from portal.operations.models import Decision, Operation, Status
from portal.operations.promises import submit
from tests.operations.desk import KNOCK, connect


def samples(tenant, owner) -> dict[str, dict]:
    desk = connect(tenant, name="Desk of the sweep")
    waiting, troubled, asked = (_promise(desk, owner, label) for label in ("Waits", "Troubled", "Asked about"))
    for operation in (troubled, asked):
        engine.change(operation, status=Status.NEEDS_PERSON, trouble=Operation.Trouble.UNKNOWN)
    question = Decision.objects.create(
        tenant=tenant,
        operation=asked,
        action=Action.SEND_AGAIN,
        reason="The vendor's support said so.",
        asked_by=owner,
        asked_at=timezone.now(),
        needs_second=True,
    )
    return {
        "operations:operations": {},
        "operations:rows": {},
        "operations:operation": {"pk": troubled.pk},
        "operations:now": {"pk": troubled.pk},
        "operations:case_file": {"pk": troubled.pk},
        "operations:confirm": {"pk": question.pk},
        "operations:withdraw": {"pk": question.pk},
        "operations:cancel": {"pk": waiting.pk},
        **{
            f"operations:{action.value}": {"pk": troubled.pk}
            for action in (Action.LOOK_AGAIN, Action.SEND_AGAIN, Action.MARK_DONE, Action.GIVE_UP)
        },
    }


def _promise(connection, owner, label: str) -> Operation:
    return submit(
        KNOCK,
        connection=connection,
        lane=label,
        label=label,
        payload={"door": "front"},
        subject=connection,
        acting_user=owner,
    )
