"""Filter graphs, run by the ffmpeg of the imageio-ffmpeg wheel: normalise, segment, mux."""

import dataclasses
import subprocess
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg
import imageio_ffmpeg

from understudy.errors import DiskError, MediaError
from understudy.files import whole
from understudy.media.mixing import MONO
from understudy.media.probe import Probe, probe
from understudy.media.read import has_sound
from understudy.media.still import FPS, HELD, SECONDS, is_still, read_still

# The same input gives the same bytes: no dates, no versions, a fixed number of x264 threads.
_SAME_BYTES: Mapping[str, Any] = {
    "map_metadata": -1,
    "map_chapters": -1,
    "fflags": "+bitexact",
    "flags:v": "+bitexact",
    "flags:a": "+bitexact",
    "movflags": "+faststart",
}
_COLOURS: Mapping[str, Any] = {
    "color_primaries": "bt709",
    "color_trc": "bt709",
    "colorspace": "bt709",
    "color_range": "tv",
}
_SOUND: Mapping[str, Any] = {"acodec": "aac", "audio_bitrate": "160k"}
_SOUND_RATE = 48_000
_SLOWEST = 25
_FEWEST = 5  # frames of a clip


def normalise(
    path: Path, out: Path, *, fps: Fraction | None = None, height: int | None = None, crf: float = 12
) -> Probe:
    """Writes the clip in the one form that everything else reads, and returns its probe.

    Constant frame rate (`fps`, or the clip's own; frames are repeated or left out, never blended, and shown within half
    a frame of their time: a variable rate becomes one of at least 25, so that this is 20 ms at most), upright, square
    pixels, progressive, even sides (scaled to `height` pixels if given), H.264 4:2:0 BT.709 in MP4; sound as AAC,
    48 kHz, mono, as long as the picture and in step with it, or no track when there was none. A still picture becomes a
    clip of one second (`fps`, or 25) whose frames are all the same, to the bit.
    """
    if is_still(path):
        return _hold(Path(path), Path(out), rate=Fraction(fps or FPS), height=height, crf=crf)
    return _convert(probe(path), Path(out), fps=fps, height=height, crf=crf)


def _hold(path: Path, out: Path, *, rate: Fraction, height: int | None, crf: float) -> Probe:
    """Normalises a still picture."""
    picture_HWC, _, _ = read_still(path)
    count = max(_FEWEST, round(SECONDS * rate))
    size = f"{picture_HWC.shape[1]}x{picture_HWC.shape[0]}"
    fed = ffmpeg.input("pipe:", format="rawvideo", pix_fmt="rgb24", s=size, framerate=f"{rate}")
    seen = _picture(fed.video, rate, height).filter("loop", loop=count - 1, size=1)
    # Frames that are each coded by themselves, at one step of quantisation, are decoded the same.
    video = {"vcodec": "libx264", "qp": round(crf), "preset": "fast", "g": 1, "x264-params": "threads=1"}
    options = {**_SAME_BYTES, **video, **_COLOURS, "metadata": f"comment={HELD}"}
    return _run(out, seen, None, options, count, fed=picture_HWC.tobytes())


def segment(path: Path, out: Path, *, start: float, seconds: float) -> Probe:
    """Writes `seconds` of the clip from `start` (both s; rounded to whole frames), normalised; returns its probe."""
    return _convert(probe(path), Path(out), crf=12, stretch=(start, seconds))


def mux(video: Path, sound: Path, out: Path) -> Probe:
    """Writes the picture of `video`, as it is, with the sound of `sound` (both begin together); returns its probe."""
    seen = probe(video)
    if not has_sound(sound):
        raise MediaError(sound, "it has no sound", "Give a file with a sound track.")
    heard = _heard(ffmpeg.input(f"file:{sound}").audio, 0.0, 0.0, seen.seconds)
    options = {**_SAME_BYTES, **_SOUND, "map_metadata": 0, "vcodec": "copy"}
    return _run(Path(out), ffmpeg.input(f"file:{video}").video, heard, options, seen.frames)


def _convert(
    found: Probe,
    out: Path,
    *,
    fps: Fraction | None = None,
    height: int | None = None,
    crf: float,
    stretch: tuple[float, float] | None = None,
) -> Probe:
    """Normalises a probed clip, or its `stretch` = (start, length), in seconds, rounded to frames at the new rate."""
    rate = Fraction(fps or found.fps)
    while found.variable and fps is None and rate < _SLOWEST:
        rate *= 2
    start, length = stretch or (0.0, found.seconds)
    first, count = round(start * rate), round(length * rate)
    if first < 0 or count < 1 or first + count > round(found.seconds * rate):
        fact = f"it has no stretch from {start:.3f} to {start + length:.3f} s: it is {found.seconds:.3f} s long"
        raise MediaError(found.path, fact, "Ask for a stretch inside it.")
    clip = ffmpeg.input(f"file:{found.path}")
    seen = _picture(clip.video, rate, height)
    if stretch:
        seen = seen.filter("trim", start_frame=first, end_frame=first + count).filter("setpts", "PTS-STARTPTS")
    heard = None
    if found.sound:
        heard = _heard(clip.audio, found.sound.start, float(first / rate), float(count / rate))
    video = {"vcodec": "libx264", "crf": crf, "preset": "fast", "g": max(1, round(rate))}
    video["x264-params"] = "threads=1:mbtree=0"  # as in write.py: with the tree, bytes are not always the same
    return _run(out, seen, heard, {**_SAME_BYTES, **video, **_COLOURS, **(_SOUND if heard else {})}, count)


def _picture(stream: Any, rate: Fraction, height: int | None) -> Any:
    """The filters of the picture. ffmpeg has turned it upright before the first of them."""
    stream = stream.filter("setpts", "PTS-STARTPTS").filter("bwdif", mode="send_frame", deint="interlaced")
    stream = stream.filter("fps", fps=f"{rate.numerator}/{rate.denominator}", start_time=0, round="near")
    # Square pixels first, then even sides: an odd side loses half a pixel to scaling, no content.
    sides = {"w": "2*round(iw*max(sar,1)/2)", "h": "2*round(ih*max(1/max(sar,1e-9),1)/2)"}
    if height:
        sides = {"w": f"2*round({height}*dar/2)", "h": str(2 * round(height / 2))}
    colours = {"out_color_matrix": "bt709", "out_range": "tv"}
    return (
        stream.filter("scale", **sides, **colours, flags="bicubic+accurate_rnd+full_chroma_int+full_chroma_inp")
        .filter("setsar", 1)
        .filter("format", "yuv420p")
    )


def _heard(stream: Any, offset: float, begin: float, seconds: float) -> Any:
    """The filters of the sound, whose first sample comes `offset` s after the first frame: the stretch of `seconds`
    from `begin`, with silence where there is none. Gaps in its time stamps over 10 ms are filled or trimmed."""
    return (
        stream.filter("asetpts", f"PTS-STARTPTS+({offset:.9f})/TB")
        .filter("aresample", _SOUND_RATE, **{"async": 1, "min_hard_comp": 0.01, "first_pts": 0, **MONO})
        .filter("aformat", sample_rates=_SOUND_RATE, channel_layouts="mono")
        .filter("apad", whole_dur=f"{begin + seconds:.9f}")
        .filter("atrim", start=f"{begin:.9f}", end=f"{begin + seconds:.9f}")
        .filter("asetpts", "PTS-STARTPTS")
    )


def _run(
    out: Path, seen: Any, heard: Any | None, options: Mapping[str, Any], frames: int, *, fed: bytes | None = None
) -> Probe:
    """Runs the graph into `out`, whole or not at all, and returns its probe. fed: what its input "pipe:" reads.

    Raises DiskError, or MediaError with ffmpeg's reason or when the number of frames is not about what it should be.
    """
    if out.suffix.lower() != ".mp4":
        raise MediaError(out, "videos are written as .mp4", "Give the file that ending.")
    with whole(out) as part:
        streams = [seen] if heard is None else [seen, heard]
        graph = ffmpeg.output(*streams, f"file:{part}", **options)
        graph = graph.global_args("-nostdin", "-hide_banner", "-loglevel", "error").overwrite_output()
        # subprocess.run kills and reaps the child whatever interrupts the wait.
        command = ffmpeg.compile(graph, cmd=imageio_ffmpeg.get_ffmpeg_exe())
        given: dict[str, Any] = {"stdin": subprocess.DEVNULL} if fed is None else {"input": fed}
        done = subprocess.run(command, **given, capture_output=True, check=False)
        if done.returncode:
            raise _failure(out, done.stderr.decode(errors="replace"))
        made = probe(part)
        # ffmpeg skips what it cannot decode without a word: time stamps that jump, damaged stretches.
        if abs(made.frames - frames) > max(3, frames // 50):
            fact = f"ffmpeg made {made.frames} frames of it where {frames} were due"
            raise MediaError(out, fact, "The input is damaged or its time stamps jump: record or copy it again.")
    return dataclasses.replace(made, path=out)


def _failure(out: Path, stderr: str) -> MediaError | DiskError:
    """The error that ffmpeg's last words amount to."""
    if "No space left on device" in stderr or "Disk quota exceeded" in stderr:
        return DiskError(out, "the disk is full", "Free some room and run again: what was finished is kept.")
    noise = ("Conversion failed", "Error opening output files", "Task finished with error", "Terminating thread")
    lines = [line.strip() for line in stderr.splitlines() if line.strip() and not any(word in line for word in noise)]
    return MediaError(
        out, f"ffmpeg could not make it ({lines[-1] if lines else 'no reason given'})", "Check its input."
    )
