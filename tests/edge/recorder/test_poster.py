"""The colours of posters, by what a clip says of itself or by its size."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from edge_detector.recorder.poster import make_poster

#: The same numbers for luma, blue and red are two colours.
BRICKS = (109, 115, 184)
AS_BT601, AS_BT709 = (82, 68, 198), (81, 81, 209)


def clip_of(path: Path, *, height: int, colorspace: int | None) -> Path:
    width = height * 16 // 9
    planes = zip(BRICKS, (height, height // 4, height // 4), strict=True)
    yuv = np.concatenate([np.full((lines, width), level, np.uint8) for level, lines in planes])
    with av.open(str(path), "w") as out:
        track = out.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        track.width, track.height, track.pix_fmt = width, height, "yuv420p"
        if colorspace is not None:
            track.codec_context.colorspace = colorspace
        frame = av.VideoFrame.from_ndarray(yuv, format="yuv420p")
        out.mux([*track.encode(frame), *track.encode(None)])
    return path


@pytest.mark.parametrize(
    ("height", "colorspace", "colour"),
    [
        (720, None, AS_BT709),  # says nothing, as many a camera
        (720, 1, AS_BT709),
        (720, 6, AS_BT601),  # as this program's own encoder says
        (288, None, AS_BT601),
        (288, 1, AS_BT709),
    ],
)
def test_colours_are_those_that_are_meant(
    height: int, colorspace: int | None, colour: tuple[int, int, int], tmp_path: Path
) -> None:
    poster = make_poster(clip_of(tmp_path / "clip.mp4", height=height, colorspace=colorspace), at_s=0.0)
    assert poster is not None
    image = cv2.imread(str(poster))
    assert image is not None
    np.testing.assert_allclose(image[100, 100], colour, atol=4)
