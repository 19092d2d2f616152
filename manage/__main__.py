"""``python -m manage``: a command per module."""

import click

from manage.audit import prune_audit, verify_audit
from manage.create_user import create_user
from manage.deadlines import dead_deadlines, retry_deadlines
from manage.demo import demo
from manage.doctor import doctor
from manage.export import export
from manage.factors import remove_factors, reseal_factors
from manage.migrate import migrate
from manage.notifications import dead_notifications, retry_notifications
from manage.simulate import simulate_assignment
from manage.single_sign_on import unlink_identity
from manage.sweep import sweep
from manage.verify_erased import verify_erased


@click.group(
    commands=[
        create_user,
        dead_deadlines,
        dead_notifications,
        demo,
        doctor,
        export,
        migrate,
        prune_audit,
        remove_factors,
        reseal_factors,
        retry_deadlines,
        retry_notifications,
        simulate_assignment,
        sweep,
        unlink_identity,
        verify_audit,
        verify_erased,
    ],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def manage() -> None:
    """Looks after a ticket desk.

    Works on DATABASE_URL (from the environment or .env), or else on the embedded database of the
    `make run` that is running here.
    """


if __name__ == "__main__":
    manage(prog_name="python -m manage")
