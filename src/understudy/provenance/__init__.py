"""What makes a fake recognisable: watermark, label, notice, credential, its lineage in its metadata and beside it.

`publish`, `publish_picture` and `publish_sound` are the only writers of fakes, and no argument of theirs turns any of
it off. `inspect` says of any file what it still carries of it.
"""

from understudy.provenance import notice
from understudy.provenance.cards import Card, card, fingerprint, read_key, sidecar
from understudy.provenance.certificates import Credentials
from understudy.provenance.containers import content
from understudy.provenance.credential import Credential, read
from understudy.provenance.inspecting import Sight, inspect
from understudy.provenance.label import label_box, label_picture
from understudy.provenance.lineage import DIGITAL_SOURCE_TYPES, Lineage
from understudy.provenance.publishing import publish, publish_picture, publish_sound
from understudy.provenance.seeing import find_label
from understudy.provenance.verdict import facts, plain, verdict

__all__ = [
    "DIGITAL_SOURCE_TYPES",
    "Card",
    "Credential",
    "Credentials",
    "Lineage",
    "Sight",
    "card",
    "content",
    "facts",
    "find_label",
    "fingerprint",
    "inspect",
    "label_box",
    "label_picture",
    "notice",
    "plain",
    "publish",
    "publish_picture",
    "publish_sound",
    "read",
    "read_key",
    "sidecar",
    "verdict",
]
