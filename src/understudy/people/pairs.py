"""Pair and Group: proof that a mixing of people is covered by their consent records.

Code that mixes people takes a Pair or a Group, and their only makers are pair() and group(), which ask the ledger. Each
carries a seal over what it says, under a key that lives in this process alone, and is read through that seal: one that
was constructed, copied and altered, unpickled or subclassed says nothing. Another process asks its own ledger again.
"""

import datetime
import hmac
import secrets
from collections.abc import Sequence
from typing import Any, NoReturn, cast, final

from understudy.errors import ConsentError
from understudy.people.ledger import Ledger

_KEY = secrets.token_bytes(32)
_REMEDY = "Ask pair() or group(): they check the consent records."


class _Sealed:
    """What was allowed, readable only while the seal over it holds."""

    __slots__ = ("_facts", "_seal")
    _facts: tuple[Any, ...]
    _seal: bytes

    def __init__(self, *_: object, **__: object) -> None:
        raise ConsentError(type(self).__name__, "cannot be constructed directly", _REMEDY)

    def __init_subclass__(cls, **_: object) -> None:
        if cls.__bases__ != (_Sealed,) or cls.__module__ != __name__:
            raise ConsentError(cls.__name__, "a proof of consent cannot be subclassed", _REMEDY)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise ConsentError(type(self).__name__, f"cannot be altered ('{name}')", _REMEDY)

    def __delattr__(self, name: str) -> NoReturn:
        raise ConsentError(type(self).__name__, f"cannot be altered ('{name}')", _REMEDY)

    def __reduce_ex__(self, _: object) -> NoReturn:
        raise ConsentError(type(self).__name__, "cannot be carried into another process", _REMEDY)

    def __copy__(self) -> "_Sealed":
        return self

    def __deepcopy__(self, _: object) -> "_Sealed":
        return self

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, _Sealed) and _read(self) == _read(other)

    def __hash__(self) -> int:
        return hash(_read(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}{_read(self)}"


def _digest(cls: type[_Sealed], facts: tuple[Any, ...]) -> bytes:
    return hmac.digest(_KEY, repr((cls.__name__, facts)).encode(), "sha256")


def _read(sealed: _Sealed) -> tuple[Any, ...]:
    """What the proof says. Raises ConsentError when its seal is missing or broken."""
    facts, seal = getattr(sealed, "_facts", ()), getattr(sealed, "_seal", b"")
    # Only true text and tuples count: a subclass of those could show the sealed words and hold others.
    if not _is_plain(facts) or type(seal) is not bytes or not hmac.compare_digest(seal, _digest(type(sealed), facts)):
        raise ConsentError(type(sealed).__name__, "was not made by a check of the consent records", _REMEDY)
    return cast(tuple[Any, ...], facts)


def _is_plain(facts: object) -> bool:
    return type(facts) is str or (type(facts) is tuple and all(_is_plain(fact) for fact in facts))


@final
class Pair(_Sealed):
    """A source and a driver who may be mixed by the methods of a family."""

    __slots__ = ()

    @property
    def source(self) -> str:
        """The subject whose likeness or voice is taken."""
        return str(_read(self)[0])

    @property
    def driver(self) -> str:
        """The subject whose performance is kept."""
        return str(_read(self)[1])

    @property
    def family(self) -> str:
        """The family of methods this holds for."""
        return str(_read(self)[2])

    @property
    def consents(self) -> tuple[str, ...]:
        """The ids of the records that cover it, sorted."""
        return tuple(_read(self)[3])


@final
class Group(_Sealed):
    """Subjects from whom one model of a family may learn together."""

    __slots__ = ()

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects, in the order asked for."""
        return tuple(_read(self)[0])

    @property
    def family(self) -> str:
        """The family of methods this holds for."""
        return str(_read(self)[1])

    @property
    def consents(self) -> tuple[str, ...]:
        """The ids of the records that cover it, sorted."""
        return tuple(_read(self)[2])


def _sealed(proof: _Sealed, *facts: object) -> None:
    object.__setattr__(proof, "_facts", facts)
    object.__setattr__(proof, "_seal", _digest(type(proof), facts))


def pair(ledger: Ledger, *, source: str, driver: str, family: str, on: datetime.date | None = None) -> Pair:
    """The pair, if on the day `on` (today by default) both records allow it, each with the other as its counterpart.

    source and driver may be the same subject. Raises ConsentError otherwise.
    """
    records = (
        ledger.require(source, "be-source", family, on, counterpart=driver),
        ledger.require(driver, "be-driver", family, on, counterpart=source),
    )
    made = object.__new__(Pair)
    _sealed(made, source, driver, family, tuple(sorted({record.id for record in records})))
    return made


def group(ledger: Ledger, *, subjects: Sequence[str], family: str, on: datetime.date | None = None) -> Group:
    """The training group, if every record allows extraction and training with each of the others.

    Raises ConsentError otherwise, and for a group of nobody.
    """
    members = tuple(dict.fromkeys(subjects))
    if not members:
        raise ConsentError("training group", "has no subject", "Name those it is to learn from.")
    records = [ledger.require(member, "extract", None, on) for member in members]
    for member in members:
        for other in members:
            ledger.require(member, "train", family, on, counterpart=other)
    made = object.__new__(Group)
    _sealed(made, members, family, tuple(sorted({record.id for record in records})))
    return made
