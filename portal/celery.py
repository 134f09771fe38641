"""The Celery application. Tasks carry ids only; the work itself is journalled in PostgreSQL (portal.operations)."""

import os
import sys
from typing import Any

from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def share_the_interpreter(**_: Any) -> None:
    """Threads that wait for the database need the interpreter often and briefly: hand it over after half a millisecond.

    With Python's own 5 ms each of some twenty round trips of an operation may wait that long for a thread that computes.
    """
    sys.setswitchinterval(0.0005)
