"""Starting programs and being sure that they end: `supervise`, `Child`, `die_with_parent`. What
a process that runs for long does at its start: `keep_what_is_there`.

Standard library only: the launcher of the development servers and the web process use it.
"""

from processes.babysitter import die_with_parent
from processes.child import Child
from processes.garbage import keep_what_is_there
from processes.supervisor import Program, supervise

__all__ = ["Child", "Program", "die_with_parent", "keep_what_is_there", "supervise"]
