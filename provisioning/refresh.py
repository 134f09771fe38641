"""A person wants the mirror read now."""

from portal.vendors import mirrors
from portal.vendors.models import Connection
from provisioning.models import MirrorState


def refresh(connection: Connection) -> None:
    """Have the mirror read as soon as a worker is free. In the caller's transaction."""
    mirrors.refresh(MirrorState, connection, "provisioning.tasks.sync_connection")
