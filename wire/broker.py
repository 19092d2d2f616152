"""The Celery application that wakes and the one that works: one set of settings for both.

This is the one module that touches the untyped Celery; server and worker get it from here.
"""

from typing import Any

from celery import Celery
from celery.app.amqp import AMQP
from kombu import Connection, Queue

from desk.jobs import Job

# How long a wake-up is worth anything: beat sends the next one soon.
WAKE_EXPIRES = 10.0
# Seconds. Nothing that waits for the broker may wait longer than about this.
CONNECT_TIMEOUT = 1
SOCKET_TIMEOUT = 2
TASK_TIME_LIMIT = 60
# Between two tries to reach a broker that is gone.
RETRY_SECONDS = 1


class SteadyConnection(Connection):  # type: ignore[misc]
    """Tries again at a steady pace. The library's pauses grow to half a minute, and for so long
    nothing would be assigned after the broker is back.
    """

    def ensure_connection(self, *args: Any, **kwargs: Any) -> Connection:
        pace = {"interval_start": RETRY_SECONDS, "interval_step": 0, "interval_max": RETRY_SECONDS}
        return super().ensure_connection(*args, **{**pace, **kwargs})


class SteadyAMQP(AMQP):  # type: ignore[misc]
    Connection = SteadyConnection


def celery_app(broker_url: str, key_prefix: str = "") -> Celery:
    """``key_prefix``: stands before all names in a broker that is a Redis."""
    app = Celery("desk", broker=broker_url, set_as_current=False, amqp=SteadyAMQP)
    transport_options: dict[str, object] = {}
    if broker_url.startswith(("redis", "rediss", "unix", "sentinel")):
        transport_options = {
            "socket_timeout": SOCKET_TIMEOUT,
            "socket_connect_timeout": CONNECT_TIMEOUT,
            "visibility_timeout": 120,
            # A broker that vanished without a word is noticed in time.
            "socket_keepalive": True,
            "max_retries": 0,
            "global_keyprefix": key_prefix,
        }
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        broker_connection_timeout=CONNECT_TIMEOUT,
        broker_connection_retry_on_startup=True,
        # For ever: by default a worker ends after 100 tries.
        broker_connection_max_retries=None,
        broker_transport_options=transport_options,
        task_queues=[Queue(name) for name in sorted({job.queue for job in Job})],
        task_routes={job.value: {"queue": job.queue} for job in Job},
        task_create_missing_queues=False,
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_time_limit=TASK_TIME_LIMIT,
        task_soft_time_limit=TASK_TIME_LIMIT - 10,
        task_publish_retry=False,
        worker_prefetch_multiplier=1,
        # Who can write to the broker could shut workers down: see `wire.workers`.
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        timezone="UTC",
    )
    return app


def wake(app: Celery, job: Job) -> None:
    """Asks a worker to do the job now. Blocks for seconds when the broker is down; may raise."""
    app.send_task(job.value, queue=job.queue, expires=WAKE_EXPIRES, retry=False)


def reach(app: Celery) -> None:
    """Connects to the broker once. Raises where that fails."""
    with app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, timeout=CONNECT_TIMEOUT)
