"""What the face swaps of this folder share, so that a study compares networks and losses and nothing else: the faces
ready to be sampled (`pool`), where they lie and what colours they have (`space`), how they are varied (`warps`,
`samples`), and how a trained network draws (`drawing`, `preview`).

`Looks` is what these need to know of a method's settings, `Swapper` what of its network.

Legend of shapes: B batch, S side of the network's crops, O side of what it draws; crops are RGB in [0, 1].
"""

from typing import TYPE_CHECKING, Literal, Protocol

from torch import Tensor

if TYPE_CHECKING:
    from understudy.faces.align import CoverageName
    from understudy.learning import Learning
    from understudy.methods._faces.space import Anchor

Tone = Literal["kept", "canonical"]
Backdrop = Literal["kept", "grey"]


class Looks(Protocol):
    """What of a method's settings says how faces are shown to its network. See `original`'s Config for the words."""

    @property
    def size(self) -> int:
        """Side of the crops that go in, pixels."""

    @property
    def drawn(self) -> int:
        """Side of the crops that come out, pixels."""

    @property
    def coverage(self) -> "CoverageName": ...

    @property
    def anchor(self) -> "Anchor": ...

    @property
    def tone(self) -> Tone: ...

    @property
    def backdrop(self) -> Backdrop: ...

    @property
    def learning(self) -> "Learning": ...


class Swapper(Protocol):
    """A network that draws both subjects of a pair. subjects: in the order of its sides.

    anchors: where each side's faces lie in the network's crops (2, 2, 3), float64, a buffer: see `space.anchors`.
    """

    subjects: tuple[str, ...]
    anchors: Tensor

    def __call__(self, crops_B3SS: Tensor, side: int) -> Tensor:
        """The faces of `crops` as subject `side`: (B, 3 or 4, O, O) in [0, 1], float32; a fourth channel is a mask."""
