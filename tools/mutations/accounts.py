"""Mailed links and what they end, one's own sessions, passwords that are refused."""

from tools.mutations import Mutation

RESETS = "tests/desk/test_password_resets.py"
CHANGES = "tests/desk/test_email_changes.py"
SIGN_UPS = "tests/desk/test_sign_ups.py"
SESSIONS = "tests/desk/test_own_sessions.py"
DOOR = "tests/server/test_account_recovery.py"
TOKENS = "desk/accounts/one_time_tokens.py"

CHECKS = [
    Mutation(
        "links: of another purpose",
        TOKENS,
        "        OneTimeToken.purpose == purpose,\n        OneTimeToken.expires_at > now,\n",
        "        OneTimeToken.expires_at > now,\n",
        (RESETS,),
    ),
    Mutation(
        "links: of age",
        TOKENS,
        "        OneTimeToken.expires_at > now,\n    )",
        "    )",
        (RESETS, CHANGES, SIGN_UPS),
    ),
    Mutation(
        "links: the way back outlives the others",
        TOKENS,
        "(OneTimeToken.user_id == user_id, OneTimeToken.purpose != UNDO)",
        "(OneTimeToken.user_id == user_id,)",
        (RESETS, CHANGES),
    ),
    Mutation(
        "links: the way back of each address",
        "desk/accounts/email_changes.py",
        "        key=user.email,  # One for each",
        "        key=str(user.id),  # One for each",
        (CHANGES,),
    ),
    Mutation(
        "reset: ends every session",
        "desk/accounts/password_resets.py",
        '    sessions.end_all(session, user.id, "password_reset", now)\n',
        "",
        (RESETS, DOOR),
    ),
    Mutation(
        "reset: an account that was deactivated",
        "desk/accounts/password_resets.py",
        "    mine = select(User.id).where(User.email == email, User.is_active)\n",
        "    mine = select(User.id).where(User.email == email)\n",
        (RESETS,),
    ),
    Mutation(
        "forgot: waits for who changes the address",
        "desk/accounts/password_resets.py",
        "session.scalar(mine.with_for_update(read=True))",
        "session.scalar(mine)",
        (RESETS,),
    ),
    Mutation(
        "a changed password ends the links",
        "desk/accounts/accounts.py",
        "    one_time_tokens.drop(session, actor.id)\n",
        "",
        (RESETS,),
    ),
    Mutation(
        "change of address: the password that was verified",
        "desk/accounts/email_changes.py",
        "user.email is None or user.password_hash != verified_hash",
        "user.email is None",
        (CHANGES,),
    ),
    Mutation(
        "undo: ends every session",
        "desk/accounts/email_changes.py",
        '    sessions.end_all(session, user.id, "email_change_undone", now)\n',
        "",
        (CHANGES, DOOR),
    ),
    Mutation(
        "own sessions: somebody else's",
        "desk/accounts/own_sessions.py",
        "        AuthSession.id == session_id, AuthSession.user_id == actor.id\n",
        "        AuthSession.id == session_id\n",
        (SESSIONS, DOOR),
    ),
    Mutation(
        "sessions: the longest time",
        "desk/accounts/sessions.py",
        "min(now + lifetime, end)",
        "now + lifetime",
        (SESSIONS,),
    ),
    Mutation(
        "passwords: the account's own words",
        "server/identity/new_passwords.py",
        "        require_own(password, pointer, email, full_name, self._desk_name)\n",
        "",
        (DOOR,),
    ),
]
