"""Documents name the times of retries that the code keeps to."""

from datetime import timedelta

from desk.notifications import mail_queue
from desk.webhooks import webhook_queue
from tests.conftest import ROOT


def words(path: str) -> str:
    return " ".join((ROOT / path).read_text().split())


def seconds(time: timedelta) -> int:
    return int(time.total_seconds())


def test_the_operations_name_the_times_of_mails() -> None:
    waits = [seconds(mail_queue.FIRST_RETRY) * mail_queue.RETRY_FACTOR**n for n in range(3)]
    said = words("docs/operations.md")
    series = ", ".join(map(str, waits))
    assert f"again after {series} … seconds, {mail_queue.MOST_ATTEMPTS} times in all" in said
    assert f"gives its mail back after {seconds(mail_queue.LEASE)} seconds" in said


def test_the_protocol_names_the_times_of_webhooks() -> None:
    said = words("docs/protocol.md")
    waits = [seconds(webhook_queue.wait_after(attempts)) for attempts in (1, 2, 3)]
    longest = webhook_queue.LONGEST_RETRY // timedelta(hours=1)
    series = ", ".join(map(str, waits))
    assert f"again after {series} … seconds, at last every {longest} hours" in said
    assert webhook_queue.wait_after(100) == webhook_queue.LONGEST_RETRY
    assert f"for {webhook_queue.GIVE_UP.days} days" in said
    rest = webhook_queue.LONGEST_REST // timedelta(minutes=1)
    assert f"left alone for up to {rest} minutes" in said
    asked = webhook_queue.LONGEST_ASKED // timedelta(hours=1)
    assert asked == 1
    assert "heeded up to an hour" in said
