"""What second factors and passkeys are good for, and who has to have one."""

from tools.mutations import Mutation

FACTORS = "tests/desk/test_second_factor.py"
REQUIRED = "tests/server/test_second_factor_required.py"

CHECKS = [
    Mutation(
        "factors: of_session(): who has to set up a second factor first",
        "server/identity/authenticator.py",
        "if actor.must_set_up and not for_setup:",
        "if False:",
        (REQUIRED,),
    ),
    Mutation(
        "factors: for_readers(): who has to set up a second factor first",
        "server/web/reader.py",
        "if actor.must_set_up and not for_setup:",
        "if False:",
        (REQUIRED,),
    ),
    Mutation(
        "factors: lacks_factor(): a second factor that is not confirmed",
        "desk/accounts/sessions.py",
        "Totp.user_id == User.id, Totp.confirmed_at.is_not(None)",
        "Totp.user_id == User.id",
        (FACTORS,),
    ),
    Mutation(
        "factors: a socket whose second factor is gone",
        "server/identity/session_watch.py",
        "elif actor.must_set_up:",
        "elif False:",
        (REQUIRED,),
    ),
    Mutation(
        "factors: challenges.answer(): another password",
        "desk/factors/challenges.py",
        "password != token_hash(user.password_hash)",
        "False",
        (FACTORS,),
    ),
    Mutation(
        "factors: challenges.answer(): the tries",
        "desk/factors/challenges.py",
        "            LoginChallenge.tries < MOST_TRIES,\n",
        "",
        (FACTORS,),
    ),
    Mutation(
        "factors: totp: a code is good once",
        "desk/factors/totp.py",
        "if is_right and step > totp.last_step:",
        "if is_right:",
        (FACTORS,),
    ),
    Mutation(
        "factors: totp.confirm(): other sessions",
        "desk/factors/totp.py",
        '    sessions.end_all(session, actor.id, "second_factor_added", now, but=',
        "    bool(",
        (FACTORS,),
    ),
    Mutation(
        "factors: passkeys.spend(): whose challenge it is",
        "desk/factors/passkeys.py",
        "        PasskeyChallenge.session_id.is_not_distinct_from(session_id),\n",
        "",
        ("tests/desk/test_passkeys.py",),
    ),
    Mutation(
        "factors: passkeys: whose the key is",
        "server/identity/passkey_checks.py",
        "if named != passkey.user_id.bytes:",
        "if False:",
        ("tests/server/test_passkeys.py",),
    ),
]
