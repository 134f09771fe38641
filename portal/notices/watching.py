"""What is told of by its state, and not by a step that anybody takes: a vendor away for minutes, a day that comes nearer.

Level-triggered: each watch says what is so now, over all tenants; what is open and so no more is over. It may run at any
time, twice, or not for a while.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models
from django.utils import timezone

from portal.notices.models import Notice
from portal.notices.raising import key_of, raise_notice, resolve_notice
from portal.notices.registry import Kind
from portal.tenancy.scope import staff_scope, tenant_scope

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class State:
    """Something that is so now. One that is not `ripe` keeps an open notice open, and is not worth a new one yet."""

    tenant_id: int
    key: object
    args: Mapping[str, Any] = field(default_factory=dict)
    subject: models.Model | None = None
    ripe: bool = True


# Called in staff scope with the moment; gives what is so then, of active tenants only.
Look = Callable[[datetime], Iterable[State]]
_watches: dict[str, tuple[Kind, Look]] = {}


def watch(kind: Kind, look: Look) -> None:
    """Have `look` alone decide about notices of `kind`, in `AppConfig.ready`."""
    _watches[kind.name] = (kind, look)


def look_around(now: datetime | None = None) -> None:
    """Tell what is so and was not told; resolve what is so no more."""
    for kind, look in list(_watches.values()):
        try:
            _follow(kind, look, now or timezone.now())
        except Exception:
            # One watch that fails must not silence the others.
            logger.exception("the watch over %s failed", kind.name)


def _follow(kind: Kind, look: Look, now: datetime) -> None:
    with staff_scope():
        states = {(state.tenant_id, key_of(kind, state.key)): state for state in look(now)}
        told = _told(kind)
    news: dict[int, list[State]] = defaultdict(list)
    over: dict[int, list[str]] = defaultdict(list)
    for (tenant_id, key), state in states.items():
        if state.ripe and (tenant_id, key) not in told:
            news[tenant_id].append(state)
    for tenant_id, key in told - states.keys():
        over[tenant_id].append(key.removeprefix(f"{kind.name}:"))
    for tenant_id in sorted(news.keys() | over.keys()):
        _write(kind, tenant_id, news[tenant_id], over[tenant_id])


def _told(kind: Kind) -> set[tuple[int, str]]:
    """What is open in active tenants; of a suspended one nothing is looked at, so nothing is over."""
    rows = Notice.objects.open().filter(kind=kind.name, needs_you=True, tenant__state="active")
    return set(rows.values_list("tenant_id", "key"))


def _write(kind: Kind, tenant_id: int, news: list[State], over: list[str]) -> None:
    with tenant_scope(tenant_id):
        for key in over:
            resolve_notice(kind, tenant_id, key)
        for state in news:
            raise_notice(kind, tenant_id, state.key, state.args, subject=state.subject)
