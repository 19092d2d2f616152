"""The synchronous face: Celery tasks. `celery -A worker worker` and `celery -A worker beat`."""

from worker.app import celery

__all__ = ["celery"]
