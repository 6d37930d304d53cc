"""What is known of the weights that the authors of other networks published: where from, of whom, on what terms.

None of the people in VoxCeleb, TaiChi-HD, TED-talks or LRS2 was asked by the authors of these networks, and none by us:
`consented` is False throughout, and every card and report that such weights lead to says so.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from understudy.errors import CheckpointError, nearest

_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Weights:
    """A file of weights that a study draws with in place of a training.

    name: one of `names()`, or a name of one's own for weights that are not published. sha256: of the file, which must
    be that file and no other.
    """

    name: str
    path: Path
    sha256: str

    def __post_init__(self) -> None:
        if not _HEX.fullmatch(self.sha256):
            raise ValueError(f"sha256 '{self.sha256}' is not 64 hexadecimal digits in small letters")


@dataclass(frozen=True, kw_only=True)
class Published:
    """A published file of weights.

    network: whose it is: lia, fomm, wav2lip or syncnet. size: bytes, None where nobody recorded them. sha256: likewise.
    origin: where its authors offer it. trained_on: whose pictures and voices it was trained on.
    """

    name: str
    network: str
    file: str
    size: int | None
    sha256: str | None
    origin: str
    paper: str
    licence: str
    trained_on: str
    consented: bool = False


_LIA = "https://github.com/wyhsirius/LIA (README, 'Animation demo')"
_LIA_PAPER = "Wang, Yang, Bremond, Dantcheva: Latent Image Animator (ICLR 2022)"
# LICENSE.md of the repository; the headers of its files add "non-commercial, research and evaluation".
_LIA_LICENCE = "CC BY-NC 4.0 (the repository's; the weights have no terms of their own)"

_FOMM = "https://github.com/AliaksandrSiarohin/first-order-model (README, 'Pre-trained checkpoint')"
_FOMM_PAPER = "Siarohin, Lathuiliere, Tulyakov, Ricci, Sebe: First Order Motion Model (NeurIPS 2019)"
_FOMM_LICENCE = "MIT since 2023-06-06, CC BY-NC 4.0 before (the repository's; the weights have no terms of their own)"

_WAV2LIP = "https://github.com/Rudrabha/Wav2Lip (README, 'Getting the weights')"
_WAV2LIP_PAPER = "Prajwal, Mukhopadhyay, Namboodiri, Jawahar: A Lip Sync Expert Is All You Need (ACM MM 2020)"
# The repository has no licence file; this is what its README says, and why: the terms of LRS2.
_WAV2LIP_LICENCE = "none; the README allows personal, research and non-commercial use only, because of LRS2"

_VOX = "VoxCeleb: videos of celebrities from YouTube, who were not asked"
_LRS2 = "LRS2: speakers in BBC programmes, under the BBC's research terms, who were not asked"


def _lia(name: str, trained_on: str, size: int | None = None, sha256: str | None = None) -> Published:
    return Published(
        name=name,
        network="lia",
        file=f"{name}.pt",
        size=size,
        sha256=sha256,
        origin=_LIA,
        paper=_LIA_PAPER,
        licence=_LIA_LICENCE,
        trained_on=trained_on,
    )


def _fomm(name: str) -> Published:
    return Published(
        name=name,
        network="fomm",
        file=f"{name}.pth.tar",
        size=None,
        sha256=None,
        origin=_FOMM,
        paper=_FOMM_PAPER,
        licence=_FOMM_LICENCE,
        trained_on=_VOX,
    )


def _wav2lip(
    name: str, file: str, network: str = "wav2lip", size: int | None = None, sha256: str | None = None
) -> Published:
    return Published(
        name=name,
        network=network,
        file=file,
        size=size,
        sha256=sha256,
        origin=_WAV2LIP,
        paper=_WAV2LIP_PAPER,
        licence=_WAV2LIP_LICENCE,
        trained_on=_LRS2,
    )


_VOX_SHA256 = "bfbce63905ca5706ee9fb02e671351fac76c7670dd46a137499c23581087f8ca"
# Of the .pth files that the README linked before, as mirrors and several projects that use them record them.
_W2L_SHA256 = "b78b681b68ad9fe6c6fb1debc6ff43ad05834a8af8a62ffc4167b7b34ef63c37"
_GAN_SHA256 = "ca9ab7b7b812c0e80a6e70a5977c545a1e8a365a6c49d5e533023c034d7ac3d8"

_TABLE = (
    _lia("vox", _VOX, 829_608_996, _VOX_SHA256),
    _lia("taichi", "TaiChi-HD: videos of people doing tai chi from YouTube, who were not asked"),
    _lia("ted", "TED-talks: videos of speakers from YouTube, who were not asked"),
    _fomm("vox-cpk"),
    _fomm("vox-adv-cpk"),
    _wav2lip("wav2lip", "wav2lip.pth", size=435_807_851, sha256=_W2L_SHA256),
    _wav2lip("wav2lip_gan", "wav2lip_gan.pth", size=435_801_865, sha256=_GAN_SHA256),
    _wav2lip("lipsync_expert", "lipsync_expert.pth", "syncnet"),
    # TorchScript archives: what the README links at 5c90fa9 (2025-04-19); see its issue 743.
    _wav2lip("wav2lip-sd-gan", "Wav2Lip-SD-GAN.pt"),
    _wav2lip("wav2lip-sd-nogan", "Wav2Lip-SD-NOGAN.pt"),
)
_BY_NAME = {entry.name: entry for entry in _TABLE}


def names() -> tuple[str, ...]:
    """The names of the published weights that are known here."""
    return tuple(_BY_NAME)


def published(name: str) -> Published:
    """What is known of the weights of that name. Raises CheckpointError when nothing is."""
    if name not in _BY_NAME:
        raise CheckpointError(
            f"weights '{name}'", "no published weights of that name are known", nearest(name, names())
        )
    return _BY_NAME[name]
