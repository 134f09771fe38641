"""One batch of each state that the addresses of `portal.bulk` lead to; see tests/sweep."""

from portal.bulk.models import Batch, BatchRow
from portal.operations.models import Operation
from portal.operations.promises import submit
from provisioning.connecting import prepare
from provisioning.models import Product
from tests.operations.desk import KNOCK, connect

IMPORT = "provisioning.create_subscribers"


def samples(tenant, owner) -> dict[str, dict]:
    desk = connect(tenant, name="Desk of bulk work")
    prepare(desk)
    product = Product.objects.create(tenant=tenant, connection=desk, name="Of bulk work")
    ready = _batch(tenant, owner, Batch.State.READY, product=product.pk)
    running = _batch(tenant, owner, Batch.State.RUNNING, promised=1, product=product.pk)
    BatchRow.objects.filter(batch=running, line=2).update(
        state=BatchRow.State.PROMISED, operation=_promise(desk, owner, product)
    )
    return {
        "bulk:batches": {},
        "bulk:choose": {},
        "bulk:new": {"name": IMPORT},
        "bulk:template": {"name": IMPORT},
        "bulk:batch": {"pk": running.pk},
        "bulk:now": {"pk": running.pk},
        "bulk:undo": {"pk": running.pk},
        "bulk:to_mend": {"pk": ready.pk},
        "bulk:details": {"pk": ready.pk},
        "bulk:start": {"pk": ready.pk},
        "bulk:discard": {"pk": ready.pk},
    }


def _batch(tenant, owner, state: str, *, product: int, promised: int = 0) -> Batch:
    """Of two rows, the second of them bad."""
    batch = Batch.objects.create(
        tenant=tenant,
        kind=IMPORT,
        state=state,
        file_name="people.csv",
        heading=["login"],
        columns={"username": 0},
        options={"product": str(product)},
        total=2,
        checked=2,
        bad=1,
        promised=promised,
        created_by=owner,
        started_by=owner if promised else None,
    )
    for line, row_state in ((2, BatchRow.State.GOOD), (3, BatchRow.State.BAD)):
        BatchRow.objects.create(
            tenant=tenant,
            batch=batch,
            line=line,
            cells=["noor"],
            label="noor",
            state=row_state,
            values={"username": "noor"},
        )
    return batch


def _promise(desk, owner, product) -> Operation:
    return submit(
        KNOCK,
        connection=desk,
        lane="bulk work",
        label="noor",
        payload={"door": "front"},
        subject=product,
        acting_user=owner,
    )
