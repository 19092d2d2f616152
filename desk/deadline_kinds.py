"""Every kind of deadline, with the rule that is run when one of it is due."""

from desk import retention
from desk.assignment import by_clock
from desk.deadlines import Kinds
from desk.erasure import erasures
from desk.notifications import reminders
from desk.tickets import attachments, snooze

KINDS: Kinds = {
    **dict.fromkeys(retention.PRUNES, retention.prune),
    **by_clock.KINDS,
    attachments.DEADLINE: attachments.drop_untaken,
    snooze.DEADLINE: snooze.wake_by_clock,
    reminders.DEADLINE: reminders.remind,
    erasures.DEADLINE: erasures.go_on,
}
