"""Every error that a person may see, as one tree.

    VentanillaError
    ├── SourceError            a catalogue entry, file or portal cannot be used
    │   ├── CatalogError       a catalogue, country, vocabulary or corpus file is wrong
    │   ├── ConnectorError     the origin cannot be read
    │   │   ├── StatusError    a server answered with an HTTP status that is no success
    │   │   └── Unavailable    it is not there now, or did not answer to the end
    │   └── PackRefused        a pack is not whole, not signed by a trusted key, or does not fit here
    ├── IndexUnavailable       the index is locked, missing or unreachable
    ├── ModelError             the language model did not do what was asked
    │   ├── ModelUnavailable   it is not there, not reachable, or has no memory left
    │   ├── ModelTimeout       it did not answer in time
    │   ├── ModelBroken        it answered with something that is no answer
    │   └── DecisionFailed     its decision does not fit the schema, twice
    ├── AccessError            somebody may not do that
    │   ├── NotLoggedIn        a key, password or session that is wrong, expired or ended
    │   ├── Forbidden          it is known who asks, and that they may not
    │   └── TooMany            too many attempts or questions; it says how long to wait
    ├── Busy                   as much as this machine can do at once is being done
    └── UsageError             a command was called with something it cannot take

Each carries one line for the reader: what is wrong, then what to do about it.
"""

from __future__ import annotations


class VentanillaError(Exception):
    """An error whose message is fit to be shown: one line, with the remedy."""

    exit_code = 1

    def __init__(self, problem: str, remedy: str = "") -> None:
        """`problem` says what is wrong; `remedy` says what to do, in the imperative."""
        self.problem = problem.strip().rstrip(".")
        self.remedy = remedy.strip()
        super().__init__(f"{self.problem}. {self.remedy}".strip() if self.remedy else self.problem)


class SourceError(VentanillaError):
    """A document set cannot be used."""


class CatalogError(SourceError):
    """A YAML file of the catalogue, a country, the vocabulary or the corpus is wrong."""


class ConnectorError(SourceError):
    """The origin of a document set cannot be read."""


class StatusError(ConnectorError):
    """A server answered with an HTTP status that is no success."""

    def __init__(self, url: str, status: int, remedy: str = "") -> None:
        """`url` is what was asked for, `status` the number that came."""
        self.url = url
        self.status = status
        super().__init__(f"{url} answered with HTTP status {status}", remedy)


class Unavailable(ConnectorError):
    """The origin is not there now, or its answer did not come whole: later it may."""


class PackRefused(SourceError):
    """A pack is not whole, not signed by a trusted key, or does not fit what is here."""


class IndexUnavailable(VentanillaError):
    """The index is held by another process, missing or out of reach."""


class ModelError(VentanillaError):
    """The language model did not do what was asked."""


class ModelUnavailable(ModelError):
    """The model is not there, not reachable, or has no memory left."""


class ModelTimeout(ModelError):
    """The model did not answer in time."""


class ModelBroken(ModelError):
    """The model answered with something that is no answer."""


class DecisionFailed(ModelError):
    """The model's decision does not fit the schema, twice in a row."""


class AccessError(VentanillaError):
    """Somebody may not do that."""


class NotLoggedIn(AccessError):
    """A key, password or session is wrong, expired or ended; which of them is not told."""


class Forbidden(AccessError):
    """It is known who asks, and that they may not."""


class TooMany(AccessError):
    """Too many attempts or questions. `wait_s` seconds have to pass."""

    def __init__(self, problem: str, remedy: str = "", *, wait_s: int = 1) -> None:
        """`wait_s` goes into the header ``Retry-After``."""
        super().__init__(problem, remedy)
        self.wait_s = max(1, wait_s)


class Busy(VentanillaError):
    """Too many questions wait already. After `wait_s` seconds there may be room."""

    def __init__(self, problem: str, remedy: str = "", *, wait_s: int = 1) -> None:
        """`wait_s` goes into the header ``Retry-After``."""
        super().__init__(problem, remedy)
        self.wait_s = max(1, wait_s)


class UsageError(VentanillaError):
    """A command was called with something that it cannot take."""

    exit_code = 2


def reason_of(error: BaseException, most: int = 200) -> str:
    """What a foreign `error` says, as one line of at most `most` characters; the name of its class
    where it says nothing.
    """
    return " ".join(str(error).split())[:most] or type(error).__name__
