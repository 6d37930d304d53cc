"""Which parts of a path name people and clips, and which are the workflow's own words."""

from pathlib import PurePath

import pytest

from understudy.withdrawal import places


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("data/s/framed/anna-1.mp4", "anna-1"),
        ("data/s/framed/anna-1.json", "anna-1"),
        ("data/s/offsets/anna-1.json", "anna-1"),
        ("data/s/bases/anna/ben-2.mp4", "anna/ben-2"),
        ("data/s/truths/anna/ben-2.animate.mp4", "anna/ben-2"),
        ("data/s/truths/anna/ben-2.lipsync.mp4", "anna/ben-2"),
        ("data/s/runs/lia/seed-1/anna+ben+cleo/card.json", "anna+ben+cleo/card"),
        ("data/s/adopted/anna/weights.safetensors", "weights"),
        ("data/s/log/frame/anna-1.log", "anna-1"),
        ("data/s/cost/base/anna/ben-2.tsv", "anna/ben-2"),
        ("data/s/log/adopt/anna.log", ""),
    ],
)
def test_a_person_is_looked_for_where_a_study_names_people(path: str, named: str) -> None:
    assert places.filled(PurePath(path)) == named
