"""What the beat rings for is there, and the beat can read it: one bad entry would stop all of them."""

import pytest
from celery import current_app
from celery.beat import ScheduleEntry
from django.conf import settings


@pytest.mark.parametrize("name", settings.CELERY_BEAT_SCHEDULE)
def test_an_entry_of_the_beat_leads_to_a_task(name):
    entry = ScheduleEntry(name=name, app=current_app, **settings.CELERY_BEAT_SCHEDULE[name])
    current_app.loader.import_default_modules()
    assert entry.task in current_app.tasks
