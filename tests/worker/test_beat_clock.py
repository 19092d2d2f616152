"""The clock that beat goes by."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from celery import beat

from worker.app import celery


def test_beat_is_not_silenced_by_a_wall_clock_that_is_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    entries = beat.Scheduler(app=celery).schedule.values()
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    passed = time.monotonic() + timedelta(hours=1).total_seconds()
    monkeypatch.setattr(celery, "now", lambda: an_hour_ago)
    monkeypatch.setattr(time, "monotonic", lambda: passed)
    assert entries
    assert all(entry.is_due().is_due for entry in entries)
