"""Who asks, and whether that person may: one table (``permissions.yaml``) and one function.

>>> may(ANYONE, "ask"), may(ANYONE, "sync")
(True, False)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from sources.catalog import CatalogEntry, read_yaml
from sources.document import PUBLIC
from sources.errors import Forbidden

Role = Literal["reader", "editor", "administrator"]
ROLES: tuple[str, ...] = get_args(Role)
"""What a user may be; who is nobody's user is a `citizen`."""

CITIZEN = "citizen"


class _Anywhere:
    """The target of a question about no target in particular."""


ANYWHERE = _Anywhere()


@dataclass(frozen=True, slots=True)
class By:
    """Who changes something, and from which door (``cli``, ``console``, ``api``)."""

    who: str
    door: str


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `agency` None with a role is one of the house's own people; `tenants` is what a
    search may see for them. `door` is where they came in, for the audit trail.
    """

    user: str | None
    agency: str | None
    role: str
    tenants: tuple[str, ...] = (PUBLIC,)
    door: str = "api"

    @property
    def known(self) -> bool:
        """Whether they showed who they are."""
        return self.user is not None

    @property
    def by(self) -> By:
        """As the audit trail names them."""
        return By(self.user or CITIZEN, self.door)

    @property
    def of_the_house(self) -> bool:
        """Whether they run this installation, in place of an agency's part of it."""
        return self.known and self.agency is None


ANYONE = Principal(user=None, agency=None, role=CITIZEN)
"""A citizen: nobody asks for a name."""


def tenants_of(agency: str | None) -> tuple[str, ...]:
    """What the people of an agency may read: what is public, and what is their agency's own."""
    return (PUBLIC,) if agency is None else (PUBLIC, agency)


def house_administrator(user: str, door: str) -> Principal:
    """Who can read VENTANILLA_HOME anyway: a command on this machine."""
    return Principal(user=user, agency=None, role="administrator", door=door)


Target = CatalogEntry | str | None | _Anywhere
"""A document set, an agency by its id, or None: the house itself and its people."""


def may(principal: Principal, action: str, target: Target = ANYWHERE) -> bool:
    """Whether `principal` may do `action` with `target`; left out, whether they may do so anywhere.

    Raises KeyError for an action that the table does not name.
    """
    table = _table()
    if action not in table.actions:
        raise KeyError(action)
    if action in table.house:
        return principal.of_the_house and principal.role == "administrator"
    if action not in table.roles[principal.role]:
        return False
    if isinstance(target, _Anywhere):
        return True
    if target is None:
        return principal.of_the_house
    if isinstance(target, str):
        return principal.of_the_house or (principal.known and principal.agency == target)
    if action in table.everybodys and not target.internal:
        return True
    if action in table.reading:
        return target.tenant in principal.tenants
    if not principal.known:
        return False
    return principal.of_the_house or (target.owner is not None and target.owner == principal.agency)


def require(principal: Principal, action: str, target: Target = ANYWHERE) -> None:
    """Raises Forbidden where `principal` may not do `action`.

    The message does not say whether there is such a set: who may not see it learns nothing of it.
    """
    if not may(principal, action, target):
        raise Forbidden(
            f"the role {principal.role!r} may not {action.replace('_', ' ')} here",
            "Ask an administrator of your agency.",
        )


def visible(principal: Principal, catalog: Mapping[str, CatalogEntry]) -> dict[str, CatalogEntry]:
    """Those entries of a catalogue that `principal` may know of."""
    return {id_: entry for id_, entry in catalog.items() if may(principal, "see", entry)}


@dataclass(frozen=True, slots=True)
class _Table:
    roles: Mapping[str, frozenset[str]]
    everybodys: frozenset[str]
    reading: frozenset[str]
    house: frozenset[str]

    @property
    def actions(self) -> frozenset[str]:
        return self.house.union(*self.roles.values())


@cache
def _table() -> _Table:
    read = read_yaml(Path(__file__).with_suffix(".yaml"))
    roles = {role: frozenset(actions) for role, actions in read["roles"].items()}
    return _Table(
        roles, frozenset(read["everybodys"]), frozenset(read["reading"]), frozenset(read["house"])
    )
