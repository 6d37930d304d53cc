"""Rule `adopt`: weights that a method's authors published, checked and in the form in which trainings leave theirs."""

from pathlib import Path
from typing import Any, cast

from understudy.errors import ConfigError
from understudy.methods import Adopting, adopts, method
from understudy.settings import build


def adopt_weights(*, out: Path, method_name: str, settings: dict[str, Any]) -> None:
    """Leaves weights.safetensors and card.json in the folder `out`. Raises CheckpointError for another file."""
    chosen = method(method_name)
    config = build(chosen.Config, settings, f"methods.{method_name}")
    weights = adopts(chosen, config)
    if weights is None:
        raise ConfigError(f"methods.{method_name}", "names no published weights", "Give it `weights`, or train it.")
    out.mkdir(parents=True, exist_ok=True)
    cast(Adopting, chosen).adopt(weights, config, out)
