"""What a media file is, and whether it can be used, told before any long work."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream
from numpy.typing import NDArray

from understudy.errors import MediaError
from understudy.media.container import REMEDY, cut, opened, picture
from understudy.media.still import FPS, HELD, is_still, read_still

# Rates that cameras and films have; the rate of a clip that lacks frames is the nearest of them, if one is near.
_FILM, _NTSC = Fraction(24000, 1001), Fraction(30000, 1001)
_WHOLE = (10, 12, 15, 24, 25, 30, 48, 50, 60, 100, 120, 240)
_RATES = (*map(Fraction, _WHOLE), Fraction(25, 2), _FILM, 2 * _FILM, _NTSC, 2 * _NTSC, 4 * _NTSC)


@dataclass(frozen=True, kw_only=True)
class Sound:
    """A sound track. `rate` in Hz; `seconds` is its length; `start` is its first sample's time minus that of the first
    video frame, in seconds (negative: it begins before the picture)."""

    rate: int
    channels: int
    seconds: float
    start: float


@dataclass(frozen=True, kw_only=True)
class Probe:
    """A video. `width` and `height` are pixels as displayed, after `rotation` (degrees counterclockwise, a multiple of
    90); `fps` is the constant frame rate, or for a `variable` one the rate of its median interval; `frames` are
    counted, not believed; `seconds` is the length of the picture. `still`: it is a still picture, or was normalised
    from one, and then all its frames are the same."""

    path: Path
    codec: str
    width: int
    height: int
    fps: Fraction
    frames: int
    seconds: float
    variable: bool
    rotation: int
    sound: Sound | None
    still: bool = False


@dataclass(kw_only=True)
class _Tally:
    """Presentation times, in seconds, of the packets of one stream, and the end of the last one."""

    times: list[float]
    end: float = 0.0
    broken: bool = False

    def add(self, packet: "Packet[Any]") -> None:
        stamp = packet.dts if packet.pts is None else packet.pts
        self.broken |= packet.is_corrupt
        if packet.size == 0 or stamp is None:
            return
        self.end = max(self.end, float((stamp + (packet.duration or 0)) * packet.time_base))
        if not packet.is_discard:
            self.times.append(float(stamp * packet.time_base))


def probe(path: Path) -> Probe:
    """What the video file is: reads its headers, counts its packets, decodes one frame and one block of sound.

    A still picture is a video of one frame.

    Raises MediaError when there is no such file, it is not media, has no picture, or is cut off. An MPEG program
    stream that was cut off cannot be told from a shorter one.
    """
    path = Path(path)
    if is_still(path):
        return _still(path)
    with opened(path) as container:
        stream = picture(container)
        if stream is None:
            raise MediaError(path, "it has no picture", "Give a video file.")
        held = container.metadata.get("comment") == HELD
        seen, sound, end = _count(container, stream)
        _require_whole(path, container, stream, seen, end)
        fps, variable = _rate(np.sort(np.asarray(seen.times)), stream)
        codec = stream.codec_context.name
    first, heard = _first(path)
    turned = round(first.rotation / 90) % 2
    start, frames = float(first.time or 0.0), len(seen.times)
    return Probe(
        path=path,
        codec=codec,
        width=first.height if turned else first.width,
        height=first.width if turned else first.height,
        fps=fps,
        frames=frames,
        seconds=max(seen.end, max(seen.times)) - min(seen.times) if variable else float(frames / fps),
        variable=variable,
        rotation=round(first.rotation / 90) * 90,
        sound=_sound(heard, sound, start),
        still=held,
    )


def _still(path: Path) -> Probe:
    """The probe of a still picture, which is decoded whole."""
    picture_HWC, kind, turned = read_still(path)
    height, width = picture_HWC.shape[:2]
    return Probe(
        path=path,
        codec=kind,
        width=width,
        height=height,
        fps=FPS,
        frames=1,
        seconds=float(1 / FPS),
        variable=False,
        rotation=turned,
        sound=None,
        still=True,
    )


def _count(container: InputContainer, video: VideoStream) -> tuple[_Tally, _Tally, float]:
    """The tallies of the picture and of the first sound track, and the end of the last packet of any stream (s)."""
    seen, heard, others = _Tally(times=[]), _Tally(times=[]), _Tally(times=[])
    tallies = {stream.index: heard for stream in container.streams.audio[:1]} | {video.index: seen}
    for packet in container.demux():
        tallies.get(packet.stream_index, others).add(packet)
    return seen, heard, max(seen.end, heard.end, others.end)


def _require_whole(path: Path, container: InputContainer, stream: VideoStream, seen: _Tally, end: float) -> None:
    """Raises MediaError when the packets end before what the container declares."""
    missing = cut(path)
    if missing:
        raise MediaError(path, missing, REMEDY)
    if not seen.times:
        raise MediaError(path, "its picture has no frames", REMEDY)
    tick, declared, found = float(stream.time_base or 0), 0.0, seen.end
    if stream.duration:
        declared, found = stream.duration * tick, found - (stream.start_time or 0) * tick
    elif container.duration and container.format.name.startswith("matroska"):
        declared, found = container.duration / 1e6, end
    if seen.broken or found < declared - max(0.5, 0.02 * declared):
        raise MediaError(path, f"it is cut off: {found:.2f} s of its {declared:.2f} s can be read", REMEDY)


def _first(path: Path) -> tuple[av.VideoFrame, av.AudioFrame | None]:
    """The first decoded frame and, where there is sound, the first decoded block of sound."""
    with opened(path) as container:
        stream = picture(container)
        frame = next(container.decode(stream), None) if stream else None
        silent = not container.streams.audio
    if frame is None:
        raise MediaError(path, "no frame of it can be decoded", REMEDY)
    if silent:
        return frame, None
    with opened(path) as container:
        return frame, next(container.decode(container.streams.audio[0]), None)


def _rate(times_N: NDArray[np.float64], stream: VideoStream) -> tuple[Fraction, bool]:
    """The frame rate of sorted presentation times (s), and whether it varies by more than the clock's tick explains."""
    steps = np.diff(times_N)
    mean, median = (float(steps.mean()), float(np.median(steps))) if len(steps) else (0.0, 0.0)
    declared = stream.guessed_rate or stream.average_rate or Fraction(25)
    if mean <= 0 or median <= 0:
        return declared, False
    drift = np.abs(times_N - times_N[0] - mean * np.arange(len(times_N))).max()
    tick = float(stream.time_base or 0)
    # A clock as slow as the frames themselves stamps them exactly: there, a missing tick is a missing frame.
    if drift <= max(0.002, 1.01 * tick if tick < median / 2 else 0.0):
        return (declared if abs(float(declared) * mean - 1) < 0.01 else _known(1 / mean)), False
    return _known(1 / median), True


def _known(rate: float) -> Fraction:
    """The usual frame rate within a percent of `rate`, or else `rate` itself as a fraction."""
    near = min(_RATES, key=lambda known: abs(float(known) - rate))
    return near if abs(float(near) / rate - 1) < 0.01 else Fraction(rate).limit_denominator(1001)


def _sound(heard: av.AudioFrame | None, track: _Tally, start: float) -> Sound | None:
    """The sound track whose first decoded block is `heard`, beside a picture that starts at `start` (s)."""
    if heard is None or not track.times:
        return None
    first = float(heard.time or 0.0)
    return Sound(
        rate=heard.sample_rate, channels=heard.layout.nb_channels, seconds=track.end - first, start=first - start
    )


def check(path: Path, *, shortest_frames: int = 5, smallest: int = 64, largest: int = 4320) -> Probe:
    """The probe of a video that is fit for work: at least `shortest_frames` frames (or a still picture), both sides
    between `smallest` and `largest` pixels. Raises MediaError with the limit it breaks, besides those of `probe`."""
    found = probe(path)
    size = f"{found.width} x {found.height} pixels"
    if min(found.width, found.height) < smallest:
        raise MediaError(path, f"it has {size}", f"Both sides must have at least {smallest}.")
    if max(found.width, found.height) > largest:
        raise MediaError(path, f"it has {size}", f"Neither side may have more than {largest}: scale it down first.")
    if found.frames < shortest_frames and not found.still:
        raise MediaError(path, f"it has {found.frames} frames", f"A clip needs at least {shortest_frames}.")
    return found


def metadata(path: Path) -> dict[str, str]:
    """The container's tags, as they were written."""
    with opened(path) as container:
        return dict(container.metadata)


def describe(found: Probe) -> str:
    """One line for people, such as '1280 x 720, 30 fps, 12.0 s (360 frames), h264, sound 48 kHz mono'."""
    turned = f", turned by {found.rotation} degrees" if found.rotation else ""
    size = f"{found.width} x {found.height}{turned}"
    if found.still and found.frames == 1:
        return f"{size}, a still picture, {found.codec}"
    rate = f"{float(found.fps):.5g} fps" + (" (variable)" if found.variable else "")
    channels = {1: "mono", 2: "stereo"}
    sound = "no sound"
    if found.sound:
        layout = channels.get(found.sound.channels, f"{found.sound.channels} channels")
        sound = f"sound {found.sound.rate / 1000:g} kHz {layout}"
    return f"{size}, {rate}, {found.seconds:.1f} s ({found.frames} frames), {found.codec}, {sound}"
