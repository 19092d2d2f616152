"""What passkeys are asked to sign, and whether they have (WebAuthn). Imported late: it is heavy."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from desk.factors.passkeys import KnownPasskey, NewPasskey, Owner, invalid_passkey

MILLISECONDS = 5 * 60 * 1000
VERIFIED = UserVerificationRequirement.REQUIRED
TRANSPORTS = {transport.value for transport in AuthenticatorTransport}
# What a library for what anybody may send raises, when that is none of it.
MALFORMED = (WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError)


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """For whom a passkey signs: the host that it is bound to, and the pages that may ask for it.

    What is not good raises `Unauthenticated` (``invalid_passkey``).
    """

    host: str
    origin: str
    name: str

    def new_passkey_options(self, challenge: bytes, owner: Owner) -> dict[str, Any]:
        options = generate_registration_options(
            rp_id=self.host,
            rp_name=self.name,
            user_id=owner.user_id.bytes,
            user_name=owner.email,
            user_display_name=owner.full_name,
            challenge=challenge,
            timeout=MILLISECONDS,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=VERIFIED
            ),
            exclude_credentials=[_named(*known) for known in owner.known],
        )
        return _plain(options_to_json(options))

    def sign_in_options(self, challenge: bytes) -> dict[str, Any]:
        """Names nobody: the authenticator knows whom it has passkeys of."""
        options = generate_authentication_options(
            rp_id=self.host, challenge=challenge, timeout=MILLISECONDS, user_verification=VERIFIED
        )
        return _plain(options_to_json(options))

    def made(self, challenge: bytes, credential: Mapping[str, Any], name: str) -> NewPasskey:
        """The passkey that a browser has made."""
        try:
            made = verify_registration_response(
                credential=dict(credential),
                expected_challenge=challenge,
                expected_rp_id=self.host,
                expected_origin=self.origin,
                require_user_verification=True,
            )
        except MALFORMED:
            raise invalid_passkey() from None
        transports = [one for one in credential["response"]["transports"] if one in TRANSPORTS]
        return NewPasskey(
            name, made.credential_id, made.credential_public_key, made.sign_count, transports
        )

    def use_count(
        self, challenge: bytes, credential: Mapping[str, Any], passkey: KnownPasskey
    ) -> int:
        """How often the passkey says that it was used, this time included."""
        try:
            used = verify_authentication_response(
                credential=dict(credential),
                expected_challenge=challenge,
                expected_rp_id=self.host,
                expected_origin=self.origin,
                credential_public_key=passkey.public_key,
                # Whether it has counted back is for `desk.factors.passkeys.sign_in` to say.
                credential_current_sign_count=0,
                require_user_verification=True,
            )
            named = base64url_to_bytes(credential["response"]["userHandle"])
        except MALFORMED:
            raise invalid_passkey() from None
        if named != passkey.user_id.bytes:
            raise invalid_passkey()
        return used.new_sign_count

    def challenge_of(self, credential: Mapping[str, Any]) -> bytes:
        """What was signed."""
        try:
            raw = base64url_to_bytes(credential["response"]["clientDataJSON"])
            return parse_client_data_json(raw).challenge
        except MALFORMED:
            raise invalid_passkey() from None

    def credential_id_of(self, credential: Mapping[str, Any]) -> bytes:
        try:
            return base64url_to_bytes(credential["rawId"])
        except MALFORMED:
            raise invalid_passkey() from None


def _named(credential_id: bytes, transports: Sequence[str]) -> PublicKeyCredentialDescriptor:
    known = [AuthenticatorTransport(name) for name in transports]
    return PublicKeyCredentialDescriptor(id=credential_id, transports=known)


def _plain(options: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(options)
    return made
