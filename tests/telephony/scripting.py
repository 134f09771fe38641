"""Scripts to be published, and what a call gets."""

from contextlib import contextmanager

from django.core.cache import caches
from django.test import Client

from portal.tenancy.scope import tenant_scope
from telephony.scripts import authoring, serving
from telephony.scripts.models import CallScript
from telephony.scripts.shelf import Shelf

HELLO = "<document><work><answer/><speak>Hello {{ caller_id_number }}</speak></work></document>"
GOODBYE = "<document><work><answer/><speak>Goodbye</speak><hangup/></work></document>"
BROKEN = "<document><work><answer></work></document>"


def made(cast, text: str = HELLO, name: str = "Reception") -> CallScript:
    """A script of Acme, nothing of it published yet."""
    with tenant_scope(cast.acme.pk):
        return authoring.create_script(cast.acme, name, text, acting_user=cast.bob)


def written(cast, script: CallScript, text: str, **more):
    with tenant_scope(cast.acme.pk):
        seen = authoring.latest_version(script).number
        return authoring.save_version(script, text, **({"seen": seen, "acting_user": cast.bob} | more))


def published(cast, text: str = HELLO, name: str = "Reception") -> CallScript:
    script = made(cast, text, name)
    publish(cast, script)
    return script


def publish(cast, script: CallScript, number: int | None = None) -> None:
    with tenant_scope(cast.acme.pk):
        versions = script.versions.order_by("-number")
        version = versions.get(number=number) if number else versions[:1].get()
        authoring.publish(script, version, acting_user=cast.bob)


def again(cast, script: CallScript) -> CallScript:
    with tenant_scope(cast.acme.pk):
        return CallScript.objects.for_list().get(pk=script.pk)


def called(cast, script: CallScript, **parameters: str):
    """What the platform gets for a call."""
    return Client().get(authoring.path_of(again_with_address(cast, script)), parameters)


def again_with_address(cast, script: CallScript) -> CallScript:
    with tenant_scope(cast.acme.pk):
        return CallScript.objects.get(pk=script.pk)


@contextmanager
def another_process():
    """A web process that has served nothing yet."""
    before, serving.shelf = serving.shelf, Shelf()
    try:
        yield serving.shelf
    finally:
        serving.shelf = before


def empty_cache() -> None:
    caches["scripts"].clear()
