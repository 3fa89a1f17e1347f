import pytest

from edge_detector.recorder import nal

SPS, PPS, IDR = b"\x67\x64\x00\x0a", b"\x68\xeb", b"\x65\x88\x84"
VPS5, SPS5, PPS5, IDR5 = b"\x40\x01\x0c", b"\x42\x01\x01", b"\x44\x01\xc1", b"\x26\x01\xaf"


def annex_b(*units: bytes, code: bytes = b"\0\0\0\1") -> bytes:
    return b"".join(code + unit for unit in units)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (annex_b(SPS, PPS), True),  # long start codes
        (annex_b(SPS, PPS, code=b"\0\0\1"), True),  # short ones
        (b"\x01\x64\x00\x0a", False),  # avcC
        (b"\0\0\0\x04" + SPS, False),  # a length of 4
        (b"", False),  # nothing
    ],
)
def test_start_codes_are_told_from_lengths(data: bytes, *, expected: bool) -> None:
    assert nal.is_annex_b(data) is expected


@pytest.mark.parametrize(
    "data",
    [
        annex_b(SPS, PPS, IDR),  # long codes
        annex_b(SPS, PPS, IDR, code=b"\0\0\1"),  # short codes
        annex_b(SPS) + annex_b(PPS, IDR, code=b"\0\0\1"),  # both
        annex_b(SPS, PPS + b"\0\0", IDR + b"\0"),  # padded with zeros
        b"\xff" + annex_b(SPS, PPS, IDR),  # something before the first code
    ],
)
def test_units_are_found_whatever_parts_them(data: bytes) -> None:
    assert nal.units(data) == (SPS, PPS, IDR)


@pytest.mark.parametrize(
    ("codec", "sources", "expected"),
    [
        ("h264", [annex_b(SPS, PPS, IDR)], annex_b(SPS, PPS)),  # in band
        ("h264", [annex_b(IDR), annex_b(SPS, PPS)], annex_b(SPS, PPS)),  # only in the second source
        ("h264", [annex_b(SPS, IDR), annex_b(PPS)], b""),  # in no source are both
        ("h264", [annex_b(SPS, SPS, PPS, IDR)], annex_b(SPS, PPS)),  # told twice
        ("hevc", [annex_b(VPS5, SPS5, PPS5, IDR5)], annex_b(VPS5, SPS5, PPS5)),  # H.265 has a third
        ("hevc", [annex_b(SPS5, PPS5, IDR5)], b""),  # and needs it
        ("h264", [b"", b""], b""),  # nothing at all
    ],
)
def test_parameter_sets_come_from_the_first_source_that_has_them_all(
    codec: str, sources: list[bytes], expected: bytes
) -> None:
    assert nal.parameter_sets(codec, *sources) == expected


def test_h264_units_get_lengths_and_stay_all() -> None:
    data = nal.length_prefixed("h264", annex_b(SPS, PPS, IDR))
    assert data == b"\0\0\0\4" + SPS + b"\0\0\0\2" + PPS + b"\0\0\0\3" + IDR


def test_hevc_pictures_lose_their_parameter_sets() -> None:
    assert nal.length_prefixed("hevc", annex_b(VPS5, SPS5, PPS5, IDR5)) == b"\0\0\0\3" + IDR5
