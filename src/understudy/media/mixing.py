"""Sound brought to one channel and one rate, as loud as it was."""

from collections.abc import Iterator, Mapping

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

# Left to itself, ffmpeg adds up the channels of floating-point sound: equal ones by 3 dB, so that loud speech clips.
MONO: Mapping[str, object] = {"out_chlayout": "mono", "rematrix_maxval": 1}


class ToMono:
    """Turns decoded blocks of sound into mono samples at `rate` Hz, each block with its first sample's time (s)."""

    def __init__(self, rate: int) -> None:
        self._options = ":".join(
            [str(rate), "out_sample_fmt=flt", *(f"{name}={value}" for name, value in MONO.items())]
        )
        self._graph: Graph | None = None
        self._form: tuple[object, ...] = ()

    def __call__(self, frame: av.AudioFrame | None) -> Iterator[tuple[float, NDArray[np.float32]]]:
        """What is ready after the next block; after the last one, None gives the rest."""
        form = () if frame is None else (frame.format.name, frame.layout.name, frame.sample_rate, frame.time_base)
        if self._graph is not None and form != self._form:
            self._graph.push(None)
            yield from _pulled(self._graph)
            self._graph = None
        if frame is None:
            return
        if self._graph is None:
            self._graph, self._form = self._built(frame), form
        self._graph.push(frame)
        yield from _pulled(self._graph)

    def _built(self, frame: av.AudioFrame) -> Graph:
        graph = Graph()
        source = graph.add_abuffer(
            sample_rate=frame.sample_rate,
            format=frame.format.name,
            layout=frame.layout.name,
            time_base=frame.time_base,
        )
        graph.link_nodes(source, graph.add("aresample", self._options), graph.add("abuffersink")).configure()
        return graph


def _pulled(graph: Graph) -> Iterator[tuple[float, NDArray[np.float32]]]:
    while True:
        try:
            block = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        yield float(block.time or 0.0), np.asarray(block.to_ndarray(), np.float32).reshape(-1)
