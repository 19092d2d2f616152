"""Deletes the stored files that no attachment has, and has the others looked at for malware."""

import time
from functools import cache

import structlog

from config import settings
from desk.errors import Unavailable
from desk.files import loose_files
from desk.jobs import Job
from desk.tickets import attachments
from wire.files import FileStore
from worker.app import task
from worker.clamd import ScanFailed, is_infected
from worker.transaction import run

log = structlog.get_logger("worker.files")

# After this the rest is left to the next time, well before the time limit.
DELETE_SECONDS = 20.0
SCAN_SECONDS = 20.0


@cache
def store() -> FileStore:
    return FileStore(settings().file_store)


@task(Job.DELETE_FILES)
def delete() -> None:
    """A file is deleted before it is forgotten: who dies in between deletes it once more."""
    until = time.monotonic() + DELETE_SECONDS
    while (file_ids := run(loose_files.due)) and time.monotonic() < until:
        try:
            for file_id in file_ids:
                store().delete(file_id)
        except Unavailable:
            return  # They stay due.
        run(loose_files.forget, file_ids)
        log.info("files deleted", count=len(file_ids))


@task(Job.SCAN_FILES)
def scan() -> None:
    """A file whose scan fails stays as it is, and nobody gets it before a later one."""
    until = time.monotonic() + SCAN_SECONDS
    if not settings().clamd_url:
        return
    file_id = None
    while (file_id := run(attachments.pending, file_id)) and time.monotonic() < until:
        try:
            found = is_infected(settings().clamd_url, store().chunks(file_id))
        except (ScanFailed, Unavailable) as error:
            log.warning("not scanned", file_id=str(file_id), error=str(error))
            continue
        run(attachments.scanned, file_id, is_infected=found)
        if found:
            log.warning("malware found", file_id=str(file_id))
