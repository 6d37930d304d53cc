"""Settings: plain YAML values become frozen dataclasses and go back; every mistake is named by its key's full path.

A settings class is a frozen keyword-only dataclass. Its fields may be bool, int, float, str, Path, Fraction, date,
Literal, `X | None`, tuple[X, ...], tuple[X, Y], dict[str, X], other settings classes, and unions of those. A field
without a default must be written; a key that is no field is refused; a ValueError of __post_init__ is named.
`field(metadata={"key": "from"})` names a key that Python cannot.
"""

from understudy.settings.build import build, plain
from understudy.settings.reading import read_yaml

__all__ = ["build", "plain", "read_yaml"]
