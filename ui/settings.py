"""The only reader of the environment.

| variable | meaning | default |
|---|---|---|
| VENTANILLA_HOME | the folder of everything that a run writes | ./.ventanilla |
| VENTANILLA_HOST, VENTANILLA_PORT | where `serve` listens | 127.0.0.1, 7860 |
| VENTANILLA_QDRANT_URL | a Qdrant server in place of the embedded index | none |
| VENTANILLA_QDRANT_API_KEY | its key | none |
| VENTANILLA_QDRANT_COLLECTION | its collection | ventanilla |
| VENTANILLA_EMBED_MODEL | an embedding model for the dense leg, a name on the hub or a folder | none |
| VENTANILLA_RERANK_MODEL | a cross-encoder that looks again at the first documents, likewise | none |
| VENTANILLA_LIVE | ids of live sources that may be asked while answering, with commas | none |
| VENTANILLA_MODEL_BACKEND | who writes: extractive (no model), server, local, scripted | extractive |
| VENTANILLA_MODEL | the model's name on the hub, on its server, or its folder | Latam-GPT |
| VENTANILLA_MODEL_URL | the address of an OpenAI-compatible server, with /v1 | none |
| VENTANILLA_MODEL_API_KEY | its key | none |
| VENTANILLA_MODEL_CONTEXT | tokens of context to use | 8192, or less where the model has less |
| VENTANILLA_MODEL_WEIGHTS | `local`: auto, bf16, fp8 or int4 | auto |
| VENTANILLA_USAGE_URL | the database of what was asked, a SQLAlchemy URL | a file in the home |
| VENTANILLA_USAGE_DAYS | days that questions (without personal data) are kept; 0 keeps none | 180 |
| VENTANILLA_MODEL_SECONDS | seconds a written answer may take before the sources are quoted | 25 |
| VENTANILLA_ACCESS_URL | the database of agencies, users and keys, a SQLAlchemy URL | a file in the home |
| VENTANILLA_OIDC_ISSUER | an OpenID Connect provider through which people log in | none: by password |
| VENTANILLA_OIDC_CLIENT_ID | what Ventanilla is called there | none |
| VENTANILLA_OIDC_CLIENT_SECRET | its secret there | none |
| VENTANILLA_OIDC_AGENCY_CLAIM | the claim that holds the agency's id | agency |
| VENTANILLA_OIDC_ROLE_CLAIM | the claim that holds what the person may do, one value or a list | role |
| VENTANILLA_OIDC_ROLES | the provider's word for each role, like `jefes=administrator` | our own words |
| VENTANILLA_OIDC_HOUSE | the value of the agency's claim that means the house itself | none |
| VENTANILLA_RATE_KEY | requests a minute of one key; 0 sets no limit | 120 |
| VENTANILLA_RATE_ADDRESS | requests a minute from one address without a key; 0 sets no limit | 60 |
| VENTANILLA_DAY_ADDRESS | requests a day from one address without a key; 0 sets no limit | 5000 |
| VENTANILLA_PROXIES | addresses whose word on who asks (`X-Forwarded-For`) is taken, with commas | 127.0.0.1 |
| VENTANILLA_AT_ONCE | questions, by whatever door, that are answered at the same time | 16 |
| VENTANILLA_WAITING | questions that wait for that; the next is told when to come again | 64 |
| VENTANILLA_BODY_BYTES | the largest body of a request to the API | 1048576 |
| VENTANILLA_CHANNEL_URL | a channel like WhatsApp's Cloud API: its address with the version | none |
| VENTANILLA_CHANNEL_PHONE | the id of our number there | none |
| VENTANILLA_CHANNEL_TOKEN | the token with which replies are sent | none |
| VENTANILLA_CHANNEL_SECRET | the secret with which the channel signs what it brings | none |
| VENTANILLA_CHANNEL_VERIFY | the word by which the channel makes sure of our address | none |
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Attribute

from agents.context import Patience
from agents.llm import LATAM_GPT, ModelOptions
from sources.errors import UsageError
from ui.workers import AT_ONCE, WAITING

PREFIX = "VENTANILLA_"


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """All that a messaging channel needs."""

    url: str
    phone: str
    token: str = field(repr=False)
    secret: str = field(repr=False)
    verify: str = field(repr=False)


class Settings(BaseModel):
    """All that can be set from outside."""

    model_config = ConfigDict(frozen=True)

    home: Path = Path(".ventanilla")
    host: str = "127.0.0.1"
    port: int = Attribute(default=7860, ge=0, le=65535)
    qdrant_url: str | None = None
    qdrant_api_key: str | None = Attribute(default=None, repr=False)
    qdrant_collection: str = "ventanilla"
    embed_model: str | None = None
    rerank_model: str | None = None
    live: str = ""
    model_backend: str = "extractive"
    model: str = LATAM_GPT
    model_url: str | None = None
    model_api_key: str | None = Attribute(default=None, repr=False)
    model_context: int | None = Attribute(default=None, ge=1024)
    model_weights: str = "auto"
    usage_url: str | None = Attribute(default=None, repr=False)
    usage_days: int = Attribute(default=180, ge=0, le=3650)
    model_seconds: float = Attribute(default=Patience().write, gt=0, le=600)
    access_url: str | None = Attribute(default=None, repr=False)
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: str | None = Attribute(default=None, repr=False)
    oidc_agency_claim: str = "agency"
    oidc_role_claim: str = "role"
    oidc_roles: str = ""
    oidc_house: str | None = None
    rate_key: int = Attribute(default=120, ge=0)
    rate_address: int = Attribute(default=60, ge=0)
    day_address: int = Attribute(default=5000, ge=0)
    proxies: str = "127.0.0.1"
    at_once: int = Attribute(default=AT_ONCE, ge=1, le=1000)
    waiting: int = Attribute(default=WAITING, ge=0, le=10_000)
    body_bytes: int = Attribute(default=1_048_576, ge=1024)
    channel_url: str | None = None
    channel_phone: str | None = None
    channel_token: str | None = Attribute(default=None, repr=False)
    channel_secret: str | None = Attribute(default=None, repr=False)
    channel_verify: str | None = Attribute(default=None, repr=False)

    @property
    def live_sources(self) -> tuple[str, ...]:
        """The ids of `live`."""
        return tuple(filter(None, (each.strip() for each in self.live.split(","))))

    @property
    def channel(self) -> ChannelSettings | None:
        """The messaging channel, if one is set. Raises UsageError where it is set by half."""
        names = [each.name for each in fields(ChannelSettings)]
        given = {name: getattr(self, f"channel_{name}") for name in names}
        missing = [name for name, value in given.items() if not value]
        if len(missing) == len(names):
            return None
        if missing:
            variable = f"{PREFIX}CHANNEL_{missing[0].upper()}"
            raise UsageError(f"the channel lacks {variable}", "Set it, or unset all of them.")
        return ChannelSettings(**given)

    @property
    def model_options(self) -> ModelOptions:
        """What the model's backend is opened with."""
        return ModelOptions(
            model=self.model,
            url=self.model_url,
            api_key=self.model_api_key,
            context=self.model_context,
            weights=self.model_weights,
        )

    @property
    def patience(self) -> Patience:
        """How long the model is waited for: no part longer than the whole answer."""
        usual, whole = Patience(), self.model_seconds
        return Patience(min(usual.decide, whole), min(usual.first, whole), whole)

    @property
    def index(self) -> Path:
        """The folder of the embedded index."""
        return self.home / "index"

    @property
    def documents(self) -> Path:
        """The SQLite file of documents and counts."""
        return self.home / "documents.sqlite"

    @property
    def jobs(self) -> Path:
        """The folder of what was read and is not indexed yet."""
        return self.home / "jobs"

    @property
    def uploads(self) -> Path:
        """The folder of what agencies upload, a folder for each."""
        return self.home / "uploads"

    @property
    def packs(self) -> Path:
        """The folder of what packs brought, and of what was exported."""
        return self.home / "packs"

    @property
    def keys(self) -> Path:
        """The folder of the keys that packs are signed with."""
        return self.home / "keys"

    @property
    def tables(self) -> Path:
        """The DuckDB file of open data."""
        return self.home / "tables.duckdb"

    @property
    def checkpoints(self) -> Path:
        """The SQLite file of conversations."""
        return self.home / "conversations.sqlite"

    @property
    def access(self) -> Path | str:
        """The SQLite file of agencies, users and keys, or the URL of another database."""
        return self.access_url or self.home / "access.sqlite"

    @property
    def usage(self) -> Path | str:
        """Where usage is kept: an SQLite file, or the URL of a database."""
        return self.usage_url or self.home / "usage.sqlite"

    @property
    def messages(self) -> Path:
        """The SQLite file of which messages of a channel were taken."""
        return self.home / "messages.sqlite"

    @property
    def catalog(self) -> Path:
        """The folder of catalogue entries that were added."""
        return self.home / "catalog"

    @property
    def vocabulary(self) -> Path:
        """The folder of concepts that an agency added."""
        return self.home / "vocabulary"

    @property
    def door(self) -> Path:
        """The file that says where a running `serve` can be reached."""
        return self.home / "serve.json"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment. Raises UsageError naming the variable that is wrong."""
    environment = os.environ if environment is None else environment
    given = {
        name: environment[PREFIX + name.upper()]
        for name in Settings.model_fields
        if environment.get(PREFIX + name.upper())
    }
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        raise UsageError(f"{name} is wrong ({first['msg']})", "Correct or unset it.") from None
    return settings.model_copy(update={"home": settings.home.expanduser().absolute()})
