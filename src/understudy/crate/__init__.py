"""The crate: what leaves the machine of a finished study, sealed so that a stranger can check and re-run it.

It is a Workflow Run RO-Crate (https://w3id.org/ro/wfrun/provenance/0.5): `write` makes one, `open_crate` reads one from
anybody without trusting it. Footage is never in it.
"""

from understudy.crate.cards import Card, model_card
from understudy.crate.contents import Contents, Fake, Job, Training
from understudy.crate.datasheet import data_card
from understudy.crate.methods import Facts, methods_text
from understudy.crate.read import Crate, open_crate
from understudy.crate.seal import Seal
from understudy.crate.write import listed, write

__all__ = [
    "Card",
    "Contents",
    "Crate",
    "Facts",
    "Fake",
    "Job",
    "Seal",
    "Training",
    "data_card",
    "listed",
    "methods_text",
    "model_card",
    "open_crate",
    "write",
]
