"""The baseline: a Celery task with one POST and nothing else."""

import threading

import requests
from celery import shared_task

_kept = threading.local()


@shared_task(ignore_result=True)
def create(base_url: str, token: str, username: str) -> None:
    session = getattr(_kept, "session", None)
    if session is None:
        session = _kept.session = requests.Session()
        session.trust_env = False
    session.post(
        f"{base_url}/subscriber",
        json={"product": "KPN-VoiceVideo-C", "username": username},
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    ).raise_for_status()
