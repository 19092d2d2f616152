"""Checks of single sign-on, each taken away."""

from tools.mutations import Mutation

RULE, PAGES, PROVIDER = (
    "tests/desk/test_single_sign_on.py",
    "tests/web/test_sign_on.py",
    "tests/server/test_oidc.py",
)

CHECKS: tuple[Mutation, ...] = (
    Mutation(
        "sign_in(): a state is good once",
        "desk/accounts/single_sign_on.py",
        "if not _spend(session, state, now):",
        "if _spend(session, state, now) is None:",
        (RULE, PAGES),
    ),
    Mutation(
        "_with_role(): two at once wait for each other",
        "desk/accounts/single_sign_on.py",
        "    lock_all(session)\n    admins",
        "    admins",
        (RULE,),
    ),
    Mutation(
        "_admitted(): who has no role is signed out",
        "desk/accounts/single_sign_on.py",
        '            sessions.end_all(session, user.id, "role_lost", now)',
        "            pass",
        (RULE,),
    ),
    Mutation(
        "_admitted(): is_active",
        "desk/accounts/single_sign_on.py",
        'return user if user.is_active else refused("deactivated")',
        "return user",
        (RULE,),
    ),
    Mutation(
        "_found_by_address(): an address that was confirmed here",
        "desk/accounts/single_sign_on.py",
        "if user.email_verified_at is None:",
        "if user.email_verified_at is user:",
        (RULE,),
    ),
    Mutation(
        "_found_by_address(): no admin's",
        "desk/accounts/single_sign_on.py",
        "if user.role is Role.ADMIN and not terms.links_admins:",
        "if user.role is user:",
        (RULE,),
    ),
    Mutation(
        "named(): an address that the provider has verified",
        "server/identity/named.py",
        'claims.get("email_verified") is True',
        'bool(claims.get("email_verified", True))',
        (PROVIDER, PAGES),
    ),
    Mutation(
        "IdentityProvider: nonce",
        "server/identity/oidc.py",
        'if claims.get("nonce") != started.nonce:',
        'if claims.get("nonce") is claims:',
        (PROVIDER, PAGES),
    ),
    Mutation(
        "IdentityProvider: azp",
        "server/identity/oidc.py",
        "if not is_for_us or not is_known or",
        "if not is_known or",
        (PROVIDER,),
    ),
    Mutation(
        "IdentityProvider: the issuer of the metadata",
        "server/identity/oidc.py",
        'if status != 200 or answer.get("issuer") != issuer:',
        "if status != 200:",
        (PROVIDER,),
    ),
    Mutation(
        "IdentityProvider: addresses with TLS",
        "server/identity/oidc.py",
        "if not isinstance(url, str) or not is_private_to_others(url):",
        "if not isinstance(url, str):",
        (PROVIDER,),
    ),
    Mutation(
        "IdentityProvider: redirects",
        "server/identity/oidc.py",
        "allow_redirects=False",
        "allow_redirects=True",
        (PROVIDER,),
    ),
    Mutation(
        "end(): state",
        "server/web/sign_on.py",
        "if started is None or not hmac.compare_digest(state, started.state.encode()):",
        "if started is None:",
        (PAGES,),
    ),
    Mutation(
        "end(): iss of the answer",
        "server/web/sign_on.py",
        'if query.get("iss", settings.oidc_issuer) != settings.oidc_issuer:',
        'if query.get("iss") is settings:',
        (PAGES,),
    ),
    Mutation(
        "start(): return_to",
        "server/web/sign_on.py",
        'wanted if OURS.fullmatch(wanted) else ""',
        "wanted",
        (PAGES,),
    ),
    Mutation(
        "log_in(): the staff's passwords are off",
        "server/routes/auth.py",
        "    require_password_login(request.app[SERVICES].settings, is_staff=stored.is_staff)\n",
        "",
        (PAGES,),
    ),
)
