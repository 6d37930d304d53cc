"""Templates filled: the charts drawn from numbers, and the environment that all of the page shares."""

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import yaml

from understudy.report import charts, numbers
from understudy.report.charts import Curves
from understudy.report.numbered import key
from understudy.report.page import Page
from understudy.report.plots.svg import ATTRIBUTES, INK, RULE, SOFT
from understudy.report.scores import Row, Table, label
from understudy.report.styles import COLOURS, DASHES, SHAPES, style_of
from understudy.report.traces import Trace

HERE = Path(__file__).parent / "templates"


@cache
def environment() -> jinja2.Environment:
    """Jinja with everything escaped, nothing undefined, and the words of this package."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = (HERE / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    made.globals.update(script=script, script_digest=digest, charts=charts, style_of=style_of, label=label)
    made.globals.update(shapes=SHAPES)
    style = (HERE / "page.css").read_text(encoding="utf-8")
    made.globals.update(css=style.replace("{{ plot }}", plot_style()))
    made.filters.update(plural=numbers.plural, yaml=as_yaml)
    return made


def plot_style() -> str:
    """The style of the figures on the page: that of their files, with the page's own colours."""
    own = {INK: "var(--ink)", SOFT: "var(--soft)", RULE: "var(--rule)", "#ffffff": "var(--card)"}
    own |= {hue: f"var(--k{place})" for place, hue in enumerate(COLOURS)}
    lines = []
    for name, attributes in ATTRIBUTES.items():
        said = "; ".join(
            f"{what}: {own.get(value, value)}" for what, value in re.findall(r'([a-z-]+)="([^"]*)"', attributes)
        )
        lines.append(f".plot .{name} {{ {said}; }}")
    lines += [f".dash{place} {{ stroke-dasharray: {dash}; }}" for place, dash in enumerate(DASHES) if dash]
    return re.sub(r"font-size: ([\d.]+)", r"font-size: \1px", " ".join(lines))


@cache
def _figures() -> Any:
    return environment().get_template("_figures.html").module


def draw_strip(page: Page, table: Table, row: Row) -> str:
    """The markup of one method's clips as dots."""
    place = ("sanity" if row.sanity else "score", table.metric.name, row.method)
    style = 0 if row.sanity else style_of(page, row.method)
    return str(_figures().strip(key("figure", *place), row, table, style))


def draw_trace(page: Page, trace: Trace) -> str:
    """The markup of a metric frame by frame."""
    styles = {line.name: style_of(page, line.name) for line in trace.lines}
    return str(_figures().trace(key("figure", "trace", *trace.place, trace.column), trace, styles))


def draw_curves(name: str, curves: Curves) -> str:
    """The markup of a run's losses."""
    return str(_figures().curves(key("figure", "loss", name), name, curves))


def as_yaml(value: Mapping[str, Any]) -> str:
    """Settings as YAML text."""
    return str(yaml.safe_dump(_plain(value), sort_keys=False, allow_unicode=True, width=100)).rstrip()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
