"""The page in a real browser: it plays in step, offline, on a telephone too, and its console stays silent."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from understudy.report import Page, write

from . import simulated

pytestmark = pytest.mark.browser
Make = Callable[..., Page]
READY = "understudy.stages[0].videos.every(v => v.readyState >= 2 && !v.seeking)"
PLACES = "understudy.stages[0].videos.filter(v => v.dataset.part !== 'source').map(v => v.currentTime)"


@pytest.fixture
def report(make_page: Make, tmp_path: Path) -> Path:
    return write(tmp_path / "a folder with spaces é", make_page())


def look(browser: Any, page: Path) -> None:
    """Opens a page and scrolls to its first row: players far from view hold no video."""
    browser.open(page)
    browser.value("understudy.stages[0].box.scrollIntoView()")
    browser.wait(READY)


def silent(browser: Any) -> None:
    """No error, no message, and no request but for the page and what is inside it."""
    noise = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
    assert [e for e in browser.events if e.get("method") in noise] == []
    asked = [e["params"]["request"]["url"] for e in browser.events if e.get("method") == "Network.requestWillBeSent"]
    assert all(url.startswith(("file:", "data:")) for url in asked), asked


def test_players_load_and_stand_at_the_same_frame_after_a_seek(browser: Any, report: Path) -> None:
    look(browser, report)
    for n in (1, 0):
        browser.value(f"understudy.stages[{n}].box.scrollIntoView()")
        browser.wait(READY.replace("0", f"{n}", 1))
        assert all(d > 0.5 for d in browser.value(f"understudy.stages[{n}].videos.map(v => v.duration)"))
    for frame in (0, 7, 19):
        browser.value(f"understudy.stages[0].go({frame})")
        browser.wait(READY)
        places = browser.value(PLACES)
        assert max(places) - min(places) < 1e-6
        assert int(places[0] * 25) == frame
        # The source's clip is 15 frames long: it waits on its last one.
        source = browser.value("understudy.stages[0].videos[0].currentTime")
        assert int(source * 25 + 1e-6) == min(frame, 14)
    silent(browser)


def test_the_picture_shown_is_the_frame_asked_for(browser: Any, report: Path) -> None:
    """Reads the pixels: the drawn square moves two pixels a frame."""
    look(browser, report)
    left = """(() => { const v = understudy.stages[0].clock, c = document.createElement('canvas');
      c.width = v.videoWidth; c.height = v.videoHeight; const g = c.getContext('2d'); g.drawImage(v, 0, 0);
      const row = g.getImageData(0, 30, c.width, 1).data;
      for (let x = 0; x < c.width; x++) if (row[4 * x] > 150) return x; })()"""
    for frame in (3, 4, 18):
        browser.value(f"understudy.stages[0].go({frame})")
        browser.wait(READY)
        browser.value("new Promise(done => setTimeout(done, 150))")
        assert abs(browser.value(left) - 2 * frame) <= 1


def test_playing_keeps_every_player_within_a_frame(browser: Any, report: Path) -> None:
    look(browser, report)
    browser.value(
        "(() => { const s = understudy.stages[0]; s.controls.speed.value = '0.25';"
        " s.controls.speed.dispatchEvent(new Event('change')); s.go(0); s.play(); })()"
    )
    browser.wait("understudy.stages[0].frame >= 6")
    places = browser.value(PLACES)
    assert browser.value("understudy.stages[0].playing")
    assert max(places) - min(places) < 1 / 25
    browser.value("understudy.stages[0].toggle()")
    browser.wait(READY)
    places = browser.value(PLACES)
    assert max(places) - min(places) < 1e-6
    silent(browser)


def test_keys_step_and_sound_is_off_until_chosen(browser: Any, report: Path) -> None:
    look(browser, report)
    browser.value("(() => { const s = understudy.stages[0]; s.go(5); s.box.focus(); })()")
    for key, frame in (("ArrowRight", 6), ("ArrowRight", 7), ("ArrowLeft", 6), ("End", 19), ("Home", 0)):
        browser.ask("Input.dispatchKeyEvent", type="keyDown", key=key, code=key)
        browser.ask("Input.dispatchKeyEvent", type="keyUp", key=key, code=key)
        assert browser.value("understudy.stages[0].frame") == frame
    assert browser.value("[...document.querySelectorAll('video')].every(v => v.muted)")


def test_a_worst_frame_leads_to_its_moment(browser: Any, report: Path) -> None:
    look(browser, report)
    row, frame = browser.value(
        "(() => { const a = document.querySelector('a[data-row]'); a.click();"
        " return [a.dataset.row, Number(a.dataset.frame)]; })()"
    )
    assert browser.value(f"understudy.stages[Number('{row}'.split('-')[1]) - 1].frame") == frame


@pytest.mark.parametrize("dark", [False, True])
def test_a_telephone_scrolls_only_down(browser: Any, report: Path, dark: bool) -> None:
    browser.open(report, width=380, height=760, mobile=True, dark=dark)
    browser.value("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.value("document.documentElement.scrollWidth") <= 380
    silent(browser)


def test_linked_videos_play_as_well(browser: Any, make_page: Make, tmp_path: Path) -> None:
    look(browser, write(tmp_path / "linked", make_page(), largest=0))
    assert browser.value("understudy.stages[0].videos.every(v => v.src.startsWith('file:') && v.duration > 0)")
    silent(browser)


def test_names_that_are_markup_do_nothing(browser: Any, make_page: Make, tmp_path: Path) -> None:
    evil = "<img src=x onerror='window.pwned=1'>"
    look(browser, write(tmp_path / "evil", make_page(a=evil, about=evil)))
    assert browser.value("window.pwned === undefined")
    assert browser.value("document.querySelector('.about').textContent") == evil
    silent(browser)


@pytest.fixture
def many(make_page: Make, tmp_path: Path) -> Path:
    """A page of eight clips: more than are open at once."""
    page = make_page()
    pairs = tuple(
        replace(p, clips=tuple(replace(p.clips[0], clip=f"{p.driver}/take-{c}", seed=s) for c in "ab" for s in (1, 2)))
        for p in page.pairs
    )
    return write(tmp_path / "many", replace(page, pairs=pairs))


OPEN = "[...document.querySelectorAll('details.row')].filter(r => r.checkVisibility()).map(r => ({...r.dataset}))"
PICK = (
    "(() => {{ const s = document.querySelector('[data-pick={}]'); s.value = '{}';"
    " s.dispatchEvent(new Event('change')); }})()"
)


def test_any_methods_are_chosen_to_play_and_the_others_hold_no_video(browser: Any, report: Path) -> None:
    look(browser, report)
    names = "understudy.stages[0].videos.map(v => v.closest('[data-tile]').dataset.tile)"
    assert browser.value(names) == ["", "", "copy", "warp", "original", ""]
    browser.value("document.querySelector('[data-show=copy]').focus()")
    browser.ask("Input.dispatchKeyEvent", type="keyDown", key=" ", code="Space", text=" ")
    browser.ask("Input.dispatchKeyEvent", type="keyUp", key=" ", code="Space")
    assert browser.value(names) == ["", "", "warp", "original", ""], "by the keyboard too"
    assert browser.value("document.querySelector('[data-tile=copy] video').src") == ""
    assert not browser.value("document.querySelector('[data-tile=copy]').checkVisibility()")
    assert not browser.value("document.querySelector('.trace polyline.k1').checkVisibility()")
    browser.value("understudy.stages[0].go(7)")
    browser.wait(READY)
    places = browser.value(PLACES)
    assert max(places) - min(places) < 1e-6
    browser.value("document.querySelector('[data-all]').click(); understudy.stages[0].go(9)")
    browser.wait(READY)
    assert browser.value(names) == ["", "", "copy", "warp", "original", ""]
    places = browser.value(PLACES)
    assert max(places) - min(places) < 1e-6
    browser.value("document.querySelector('[data-none]').click()")
    assert browser.value(names) == ["", "", ""]
    silent(browser)


def test_of_many_clips_one_is_open_and_only_it_holds_videos(browser: Any, many: Path) -> None:
    look(browser, many)
    assert [r["pair"] for r in browser.value(OPEN)] == ["ada → ben"]
    browser.value(PICK.format("pair", "ben → ada"))
    browser.value(PICK.format("clip", "ada/take-b"))
    browser.value(PICK.format("seed", "2"))
    assert browser.value(OPEN) == [{"pair": "ben → ada", "clip": "ada/take-b", "seed": "2"}]
    held = "understudy.stages.map(s => s.every.filter(v => v.src).length)"
    browser.wait(f"JSON.stringify({held}) === '[0,0,0,0,0,0,0,6]'")
    browser.value("document.querySelector('[data-step=\"1\"]').click()")
    assert browser.value(OPEN) == [{"pair": "ada → ben", "clip": "ben/take-a", "seed": "1"}], "after the last the first"
    silent(browser)


def test_a_worst_frame_opens_its_clip_among_many(browser: Any, many: Path) -> None:
    look(browser, many)
    row = browser.value(
        "(() => { const a = [...document.querySelectorAll('a[data-row]')].find(a => a.dataset.row !== 'row-1');"
        " if (!a) return null; a.click(); return a.dataset.row; })()"
    )
    if row is not None:
        assert browser.value("[...document.querySelectorAll('details.row')].find(r => r.checkVisibility()).id") == row


def test_an_estimate_is_asked_for_its_rows(browser: Any, report: Path, make_page: Make) -> None:
    browser.open(report)
    browser.value(
        "[...document.querySelectorAll('#numbers [data-rows]')].find(s => s.dataset.method === 'original').focus()"
    )
    browser.ask("Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", windowsVirtualKeyCode=13)
    assert browser.value("document.getElementById('asked').open")
    cells = browser.value(
        "[...document.querySelectorAll('#asked tbody tr')].map(r => [...r.cells].map(c => c.textContent))"
    )
    scores = make_page().scores
    due = scores[(scores["method"] == "original") & (scores["metric"] == "SSIM to truth")]
    assert cells == [
        [str(i + 2), r["source"], r["driver"], r["clip"], "1", f"{r['value']:g}", str(r["n"])]
        for i, r in due.iterrows()
    ]
    browser.ask("Input.dispatchKeyEvent", type="keyDown", key="Escape", code="Escape", windowsVirtualKeyCode=27)
    assert not browser.value("document.getElementById('asked').open")
    silent(browser)


def test_a_comparison_fits_a_telephone_in_the_dark(browser: Any, tmp_path: Path) -> None:
    table = simulated.scores()
    page = simulated.page(
        table, curves=simulated.curves(table), costs_table=simulated.costs(), validity=simulated.validity()
    )
    browser.open(write(tmp_path / "comparison", page), width=380, height=760, mobile=True, dark=True)
    browser.value("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.value("document.documentElement.scrollWidth") <= 380
    silent(browser)
