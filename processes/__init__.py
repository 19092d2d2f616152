"""Starting programs and being sure that they end: `supervise`, `Child`, `die_with_parent`.

Standard library only: the launcher of the development servers and the web process use it.
"""

from processes.babysitter import die_with_parent
from processes.child import Child
from processes.supervisor import Program, supervise

__all__ = ["Child", "Program", "die_with_parent", "supervise"]
