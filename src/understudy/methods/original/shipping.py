"""Makes a pretraining the start that is shipped: `python -m understudy.methods.original.shipping RUN_FOLDER`.

Writes start.safetensors beside this module, in half precision, which costs less than what a step of training moves, and
START.md, which says what it is, of whom it was learned, and by whose leave. What it buys is measured afterwards:
`benchmarks/pretraining.py` writes it into the card.
"""

import argparse
import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch

from understudy.errors import CheckpointError
from understudy.files import read_json, sha256, write_text
from understudy.learning.weights import read_tensors, save_tensors
from understudy.methods.original.start import NETWORK, SHIPPED

CARD: Final = SHIPPED.with_name("START.md")
MOST = 3 * 2**20  # bytes of what comes with the program
BENEFIT: Final = "## What it buys"
_UNMEASURED = "Not measured yet: `python benchmarks/pretraining.py --write`."


def ship(run: Path, out: Path = SHIPPED) -> Path:
    """Writes the start of a finished pretraining's folder to `out`, and its card, START.md, beside it.

    Raises CheckpointError when the folder holds no pretraining of `original`, or one too large to be shipped.
    """
    tensors, description = read_tensors(run / "weights.safetensors")
    if description.get("architecture", {}).get("network") != NETWORK:
        raise CheckpointError(run, "holds no pretraining of 'original'", "Name the folder of one.")
    halves = {name: tensor.to(torch.float16) for name, tensor in tensors.items()}
    size = sum(2 * tensor.numel() for tensor in halves.values())
    if size > MOST:
        fact = f"holds {size / 2**20:.1f} MiB in half precision, and {MOST / 2**20:.0f} are the most"
        raise CheckpointError(run, fact, "Pretrain a narrower network.")
    worn = [name for name, tensor in halves.items() if not tensor.isfinite().all()]
    if worn:
        raise CheckpointError(run, f"does not fit into half precision: '{worn[0]}'", "Pretrain at a lower rate.")
    save_tensors(out, halves, description)
    write_text(out.with_name(CARD.name), text(read_json(run / "card.json"), description, out))
    return out


def text(card: Mapping[str, Any], description: Mapping[str, Any], file: Path) -> str:
    """The card of a start, from its run's card and the description in its weights."""
    settings = card["settings"]["method"] or {"learning": card["settings"]["learning"]}
    numbers = sum(tensor.numel() for tensor in read_tensors(file)[0].values()) / 1e6
    paragraphs = (
        f"An encoder that knows faces, and a decoder that both sides of a training begin from (`start: shipped`). "
        f"{numbers:.2f} million numbers in half precision, {file.stat().st_size / 2**20:.2f} MiB, sha256:",
        f"It was learned of {_listed(card['subjects'])}: synthetic actors, rendered, nobody's likeness, who are in no "
        "study that comes with the program. Their clips are those of `config/cast/pretraining.yaml`. It draws a face "
        "again as it is, and swaps nobody: for that it has to be trained on a pair. "
        f"Consent records: {', '.join(card['consents']) or 'none'}.",
        "It fits one network and one way of showing faces, and is refused by others: "
        f"{_named(description['architecture'])}.",
        f"in {card['steps']} steps, {card['images']} faces, {card['seconds']['cpu'] / 60:.1f} minutes of one core, "
        f"seed {card['seed']}, with these settings:",
    )
    what, whom, fits, made = (textwrap.fill(each, 120, break_on_hyphens=False) for each in paragraphs)
    return f"""# The start that comes with `original`

{what}
`{sha256(file)}`

{whom}

{fits}

Made by:

    python benchmarks/pretraining.py --pretrain runs/start --steps {card["steps"]}
    python -m understudy.methods.original.shipping runs/start

{made}

```json
{json.dumps(settings, indent=1, sort_keys=True)}
```

{BENEFIT}

{_UNMEASURED}
"""


def note_benefit(measured: str, card: Path = CARD) -> None:
    """Writes what was measured into a start's card, in place of what stood there."""
    above = card.read_text(encoding="utf-8").partition(f"{BENEFIT}\n")[0]
    write_text(card, f"{above}{BENEFIT}\n\n{measured.strip()}\n")


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def _named(architecture: Mapping[str, Any]) -> str:
    """What a start is for, in words."""
    shown = {name: value for name, value in architecture.items() if name != "network"}
    return ", ".join(f"{name} {json.dumps(value)}" for name, value in shown.items())


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN_FOLDER", help="what a pretraining left")
    print(ship(parser.parse_args().run))


if __name__ == "__main__":
    main()
