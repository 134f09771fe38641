"""Workers that use and keep grants as those of production do, each a process of its own; each line of input makes one."""

import contextlib
import os
import random
import signal
import sys
import time


def keep_and_use(connection_ids: list[int], tenant_id: int) -> None:
    """As beat and workers would, and a call besides: whatever goes wrong is somebody else's to notice."""
    from portal.tenancy.scope import tenant_scope
    from portal.vendors.errors import VendorError
    from portal.vendors.line import Line
    from portal.vendors.models import Connection
    from realtime.client import KwebblClient
    from realtime.grants import keeping, losing

    with tenant_scope(tenant_id):
        connections = list(Connection.objects.filter(pk__in=connection_ids))
    while True:
        for doubtful in losing.doubtful_grants():
            losing.settle(*doubtful)
        for due in keeping.due_grants():
            keeping.refresh(*due)
        with contextlib.suppress(VendorError):
            KwebblClient(Line(random.choice(connections)).http).extensions()
        time.sleep(0.1)


def main() -> None:
    import django

    django.setup()
    tenant_id, *connection_ids = (int(each) for each in sys.argv[1:])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    for _line in sys.stdin:
        child = os.fork()
        if not child:
            random.seed()
            keep_and_use(connection_ids, tenant_id)
        print(child, flush=True)


if __name__ == "__main__":
    main()
