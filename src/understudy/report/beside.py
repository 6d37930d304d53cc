"""The figures and tables of a page as files beside it, for a paper and for whoever wants to compute with them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from understudy.files import whole, write_text
from understudy.report.findings import Findings
from understudy.report.plots import Drawn, drawn, standalone

FIGURES, TABLES = "figures", "tables"


def write_beside(folder: Path, found: Findings) -> dict[str, list[str]]:
    """Writes figures/*.svg and tables/*.csv and *.parquet into the page's folder; the tables' names, with what each is.

    Returns name -> the paths of its files relative to the page. Raises OSError, DiskError.
    """
    for place, text in figures(found).items():
        write_text(folder / place, text)
    return {name: list(_write(folder, name, table)) for name, table in frames(found).items()}


def figures(found: Findings) -> dict[str, str]:
    """The figures' files by where they are relative to the page: whoever has the tables gets the same text."""
    return {link(figure): standalone(figure.plot) for figure in drawn(found)}


def link(figure: Drawn) -> str:
    """Where a figure is, relative to the page."""
    return f"{FIGURES}/{re.sub('[^A-Za-z0-9]+', '-', figure.plot.name).strip('-').lower()}.svg"


def frames(found: Findings) -> dict[str, pd.DataFrame]:
    """The tables by the names of their files; those that the study does not have are left out."""
    page = found.page
    every = {
        "estimates": found.estimates,
        "contrasts": found.contrasts,
        "contrasts-these-people": found.contrasts_here,
        "ranks": pd.DataFrame(_ranks(found)),
        "curves": page.curves,
        "costs": page.costs_table,
        "validity": page.validity,
        "judged": found.judged,
        "agreement": found.agreement,
    }
    return {name: table for name, table in every.items() if len(table)}


def _ranks(found: Findings) -> Iterator[dict[str, object]]:
    for metric, ranking in found.rankings.items():
        for name, rank in ranking.ranks.items():
            yield {
                "metric": metric,
                "method": name,
                "rank": rank,
                "blocks": ranking.blocks,
                "statistic": ranking.statistic,
                "p": ranking.p,
                "critical_difference": ranking.difference,
                "groups": " | ".join(", ".join(group) for group in ranking.groups if name in group),
                "note": ranking.note,
            }


def _write(folder: Path, name: str, table: pd.DataFrame) -> Iterator[str]:
    for suffix in ("csv", "parquet"):
        place = f"{TABLES}/{name}.{suffix}"
        with whole(folder / place) as part:
            if suffix == "csv":
                table.to_csv(part, index=False, lineterminator="\n")
            else:
                table.to_parquet(part, index=False)
        yield place
