"""What a program's key is good for, and until when; and the keys of sites."""

from tools.mutations import Mutation

RULES = "tests/desk/test_api_keys.py"
SERVED = "tests/server/test_api_keys.py"
KEYS = "desk/accounts/api_keys.py"

CHECKS = [
    Mutation(
        "admit(): scope",
        "server/http/guard.py",
        "actor.scopes is not None and scope not in actor.scopes",
        "False",
        (SERVED,),
    ),
    Mutation(
        "a socket is let in without tickets:read",
        "server/sockets/commands.py",
        "admit(Right.PERSON, Scope.TICKETS_READ, member.actor)",
        "pass",
        (SERVED,),
    ),
    Mutation("keys: who made it", KEYS, "if not is_vouched_for:", "if False:", (RULES,)),
    Mutation(
        "keys: the maker's role",
        KEYS,
        "MAKER.role == User.role",
        "MAKER.role != User.role",
        (RULES,),
    ),
    Mutation("keys: the end", KEYS, "expires_at <= now else None", "False else None", (RULES,)),
    Mutation(
        "keys: the rest of it",
        "server/identity/key_lookup.py",
        "hmac.compare_digest(each.hash, key.hash)",
        "True",
        (SERVED,),
    ),
    Mutation(
        "keys: sockets of a deleted one",
        KEYS,
        '    outbox(session).ended[key_id] = "key_deleted"\n',
        "",
        (RULES,),
    ),
    Mutation(
        "the watch of keys",
        "server/identity/session_watch.py",
        "            if code is not None:\n",
        "            if False:\n",
        (SERVED,),
    ),
    Mutation(
        "programs work here",
        "models/user.py",
        "WORKS_HERE = and_(User.role != Role.USER, IS_PERSON)",
        "WORKS_HERE = User.role != Role.USER",
        (RULES,),
    ),
    Mutation(
        "the last admin is a program",
        "desk/accounts/administration.py",
        "for admin in admins if admin.works_here",
        "for admin in admins",
        (RULES,),
    ),
    Mutation(
        "sites: a private key in the file",
        "server/identity/site_keys.py",
        'if "d" in jwk:',
        "if False:",
        ("tests/server/test_site_keys.py",),
    ),
    Mutation(
        "sites: any key for a kid",
        "server/identity/site_tokens.py",
        'self._keys.get(jwt.get_unverified_header(token).get("kid", ""))',
        "next(iter(self._keys.values()), None)",
        ("tests/server/test_site_keys.py",),
    ),
]
