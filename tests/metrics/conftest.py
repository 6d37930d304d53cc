"""Makes `metric_stage`, which the tests of the metrics share, importable."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent))
