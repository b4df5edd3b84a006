"""Login through an OpenID Connect provider, by Authlib: discovery, state, nonce, PKCE and JWKS.

Agency and role come from claims of the id_token. Whoever's claims do not name an agency that is here
and a role that the mapping knows is refused: nobody is let in by default.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.requests import Request as HttpRequest
from fastapi.responses import Response

from sources.errors import Forbidden, NotLoggedIn, UsageError, VentanillaError
from ui.access.permissions import ROLES, By

if TYPE_CHECKING:
    from ui.access.store import AccessStore
    from ui.settings import Settings

log = logging.getLogger("ventanilla.access")

ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
)  # fmt: skip
"""Signatures that are taken, all by a key pair: whatever a provider lists, `none` and those by a
shared secret are not."""

LEEWAY_S = 60
"""How far apart the clocks of two machines may be."""

FLOW_S = 600
"""How long somebody may take at the provider."""

_COOKIE = "ventanilla_oidc"
_DOOR = "console"


@dataclass(frozen=True, slots=True)
class Claims:
    """How an id_token's claims become agency and role. `roles` maps the provider's words to ours;
    `house` is the agency's value that means this installation itself.
    """

    agency: str = "agency"
    role: str = "role"
    roles: Mapping[str, str] = field(default_factory=lambda: {role: role for role in ROLES})
    house: str | None = None

    def read(self, claims: Mapping[str, Any]) -> tuple[str | None, str]:
        """(agency, role); of several roles the one that may do most. Raises Forbidden."""
        named = claims.get(self.agency)
        if not isinstance(named, str) or not named:
            raise Forbidden(
                f"the identity provider gives no claim {self.agency!r}", "Ask its administrator."
            )
        given = claims.get(self.role)
        words = given if isinstance(given, list) else [given]
        found = [self.roles[word] for word in words if isinstance(word, str) and word in self.roles]
        if not found:
            raise Forbidden(
                f"the identity provider gives no role that is known, in the claim {self.role!r}",
                "Ask its administrator, or see VENTANILLA_OIDC_ROLES.",
            )
        agency = None if self.house is not None and named == self.house else named
        return agency, max(found, key=ROLES.index)


class Provider:
    """One OpenID Connect provider."""

    def __init__(
        self, issuer: str, client_id: str, client_secret: str | None, claims: Claims | None = None
    ) -> None:
        from authlib.integrations.starlette_client import OAuth

        self.issuer, self.claims = issuer.rstrip("/"), claims or Claims()
        self._issuer_as_set = issuer
        self._client = OAuth().register(
            "provider",
            client_id=client_id,
            client_secret=client_secret,
            server_metadata_url=f"{self.issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid profile",
                "code_challenge_method": "S256",
                "timeout": 10,
                "token_endpoint_auth_method": "client_secret_basic" if client_secret else "none",
            },
        )
        self._client_id = client_id

    def prepare(self, app: FastAPI) -> None:
        """Gives `app` the short-lived signed cookie in which state, nonce and PKCE's secret wait."""
        from starlette.middleware.sessions import SessionMiddleware

        app.add_middleware(
            SessionMiddleware,
            secret_key=secrets.token_urlsafe(32),
            session_cookie=_COOKIE,
            max_age=FLOW_S,
            same_site="lax",
        )

    async def begin(self, request: HttpRequest, callback: str) -> Response:
        """The way to the provider, which comes back to `callback`. Raises VentanillaError."""
        try:
            await self._metadata()
            response: Response = await self._client.authorize_redirect(request, callback)
        except VentanillaError:
            raise
        except Exception as error:  # noqa: BLE001 – of whatever library beneath, it is one line here
            raise self._away(error) from None
        return response

    async def finish(self, request: HttpRequest, store: AccessStore) -> str:
        """The token of a session for whoever comes back from the provider.

        Raises NotLoggedIn where its answer does not hold (state, signature, issuer, audience, nonce
        or time), Forbidden where its claims give no agency or role here.
        """
        try:
            await self._metadata()
            answer = await self._client.authorize_access_token(
                request,
                leeway=LEEWAY_S,
                claims_options={
                    "iss": {"essential": True, "values": [self._issuer_as_set, self.issuer]},
                    "aud": {"essential": True, "value": self._client_id},
                    "nonce": {"essential": True},
                },
            )
        except VentanillaError:
            raise
        except Exception as error:  # noqa: BLE001 – a login that cannot be proved is none
            log.warning("a login through the provider was refused: %s", type(error).__name__)
            raise NotLoggedIn(
                "the identity provider's answer does not hold", "Begin the login again."
            ) from None
        claims = answer.get("userinfo")
        if not claims:
            raise NotLoggedIn("the identity provider sent no id_token", "Ask its administrator.")
        return await asyncio.to_thread(self._session, dict(claims), store)

    def _session(self, claims: dict[str, Any], store: AccessStore) -> str:
        agency, role = self.claims.read(claims)
        subject = f"{claims['sub']}@{self.issuer.partition('://')[2]}"
        label = str(claims.get("name") or claims.get("preferred_username") or "")
        by = By(f"oidc:{subject}", _DOOR)
        user = store.users.from_provider(subject, label, agency, role, by)
        store.trail.record(by, "login", user.name, agency=agency)
        return store.sessions.open(user, _DOOR)

    async def _metadata(self) -> None:
        """What the provider says of itself, held to its own name and to signatures that prove."""
        metadata = await self._client.load_server_metadata()
        if metadata.get("issuer") not in (self._issuer_as_set, self.issuer):
            raise UsageError(
                "the identity provider calls itself otherwise than VENTANILLA_OIDC_ISSUER",
                "Write the issuer as its discovery document has it.",
            )
        listed = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        taken = [name for name in listed if name in ALGORITHMS]
        metadata["id_token_signing_alg_values_supported"] = taken or ["RS256"]

    def _away(self, error: Exception) -> VentanillaError:
        log.warning("the identity provider is away: %s", type(error).__name__)
        return VentanillaError("the identity provider does not answer", "Try again later.")


def provider_of(settings: Settings) -> Provider | None:
    """The provider that was set, or None. Raises UsageError where a setting is missing or wrong."""
    if settings.oidc_issuer is None:
        return None
    if settings.oidc_client_id is None:
        raise UsageError(
            "VENTANILLA_OIDC_ISSUER is set, VENTANILLA_OIDC_CLIENT_ID is not", "Set both."
        )
    issuer = urlsplit(settings.oidc_issuer)
    here = issuer.scheme == "http" and issuer.hostname in ("127.0.0.1", "localhost", "::1")
    if issuer.scheme != "https" and not here:
        raise UsageError("VENTANILLA_OIDC_ISSUER is no https address", "Use the https one.")
    claims = Claims(
        agency=settings.oidc_agency_claim,
        role=settings.oidc_role_claim,
        roles=_roles(settings.oidc_roles),
        house=settings.oidc_house,
    )
    return Provider(
        settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret, claims
    )


def _roles(written: str) -> dict[str, str]:
    """``jefes=administrator,equipo=editor`` as a mapping; our own words where nothing is written."""
    pairs = [each.partition("=") for each in written.split(",") if each.strip()]
    mapping = {theirs.strip(): ours.strip() for theirs, _, ours in pairs}
    wrong = [ours for ours in mapping.values() if ours not in ROLES]
    if wrong:
        raise UsageError(
            f"VENTANILLA_OIDC_ROLES names no role {wrong[0]!r:.40}",
            f"Write it like jefes=administrator; roles are {', '.join(ROLES)}.",
        )
    return mapping or {role: role for role in ROLES}
