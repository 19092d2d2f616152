"""The Celery application of the workers: its tasks, its clock, what a new process does first."""

import threading
import warnings
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from celery import bootsteps
from celery.platforms import SecurityWarning
from celery.signals import (
    heartbeat_sent,
    setup_logging,
    worker_process_init,
)
from sqlalchemy.exc import OperationalError

import logs
from config import settings
from desk.jobs import Job
from processes import die_with_parent, keep_what_is_there
from wire.broker import WAKE_EXPIRES, celery_app
from worker import audit, beat_clock, deadlines, delivery, transaction

# How often beat has each work looked for, woken or not.
LOOK_EVERY = timedelta(seconds=5)
# What a thread's work may take at the end of its worker, before it is broken off.
STOP_SECONDS = 2.0

F = TypeVar("F", bound=Callable[[], None])

# The worker takes JSON alone, so its user is no matter of code in messages.
warnings.simplefilter("ignore", SecurityWarning)

celery = celery_app(settings().broker_url, settings().key_prefix)
celery.set_default()
celery.conf.update(
    include=[
        "worker.assignment",
        "worker.files",
        "worker.mail.drain",
        "worker.search",
        "worker.webhooks.drain",
    ],
    beat_schedule={
        job.value: {
            "task": job.value,
            "schedule": beat_clock.every(LOOK_EVERY),
            "options": {"queue": job.queue, "expires": WAKE_EXPIRES},
        }
        for job in Job
    },
)


def task(job: Job) -> Callable[[F], F]:
    """Makes a function the task of a job; a database that went away is tried again."""
    decorator: Callable[[F], F] = celery.task(
        name=job.value, autoretry_for=(OperationalError,), retry_backoff=True, max_retries=3
    )
    return decorator


def _configure_logs(**_: Any) -> None:
    logs.configure(settings().log_level, settings().log_format)


def _start_afresh(**_: Any) -> None:
    """In a child of the pool: connections of its own, and no life without its parent."""
    die_with_parent()
    transaction.forget_connections()
    keep_what_is_there()


def _tell_alive(sender: Any, **_: Any) -> None:
    delivery.tell_alive(sender.eventer.hostname)


class _Thread(bootsteps.StartStopStep):  # type: ignore[misc]
    """Runs a thread beside the tasks, whether the broker is there or not."""

    requires = ("celery.worker.components:Pool",)
    thread_name: str
    # Called with what is set when it has to end.
    work: Callable[[threading.Event], None]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self.work, args=[self._stopped], name=self.thread_name, daemon=True
        )

    def start(self, _: Any) -> None:
        self._thread.start()

    def stop(self, _: Any) -> None:
        self._stopped.set()
        self._thread.join(STOP_SECONDS)


class _Deadlines(_Thread):
    thread_name = "deadlines"
    work = staticmethod(deadlines.drain_forever)


class _Audit(_Thread):
    thread_name = "audit"
    work = staticmethod(audit.keep_forever)


celery.steps["worker"].update({_Deadlines, _Audit})
heartbeat_sent.connect(_tell_alive, weak=False)
setup_logging.connect(_configure_logs, weak=False)
worker_process_init.connect(_start_afresh, weak=False)
