"""Every tick of the clock finds a task, and a worker that takes its queue."""

from celery import current_app

from villagemarket.beat import BEAT_SCHEDULE

QUEUES = {"default", "fast", "media"}


def test_each_entry_names_a_task_and_a_queue_that_exist():
    current_app.loader.import_default_modules()

    assert {entry["task"] for entry in BEAT_SCHEDULE.values()} - set(current_app.tasks) == set()
    assert {entry["options"]["queue"] for entry in BEAT_SCHEDULE.values()} <= QUEUES
