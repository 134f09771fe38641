"""How much memory one reading of a vendor takes: the process's peak beyond what it had before, in MB.

python -m bench.reading TENANT CONNECTION        # in the environment of a stack
"""

import sys
from pathlib import Path


def main() -> None:
    import django

    django.setup()
    from django.conf import settings

    from portal.tenancy.scope import tenant_scope
    from telephony.models import MirrorState
    from telephony.sync import read_connection

    # Else Django keeps every statement.
    settings.DEBUG = False
    tenant, connection = map(int, sys.argv[1:])
    with tenant_scope(tenant):
        before = MirrorState.objects.get(connection=connection).read_at
    held = _megabytes("VmRSS")
    # The peak counts from here on (proc(5), clear_refs).
    Path("/proc/self/clear_refs").write_text("5")
    read_connection(tenant, connection)
    print(round(_megabytes("VmHWM") - held, 1))
    with tenant_scope(tenant):
        mirror = MirrorState.objects.get(connection=connection)
    if mirror.error or mirror.read_at == before:
        sys.exit(f"nothing was read: {mirror.error}")


def _megabytes(name: str) -> float:
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status[name].split()[0]) / 1024


if __name__ == "__main__":
    main()
