"""Celery: work after commit and by the clock. Tasks live in each app's tasks.py, the clock in beat.py."""

import os

from celery import Celery
from celery.signals import worker_process_init

from common.processes import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "villagemarket.settings")

app = Celery("villagemarket")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def _die_with_the_worker(**kwargs) -> None:
    # A worker that was killed must not leave its pool behind, holding database connections.
    die_with_parent()
