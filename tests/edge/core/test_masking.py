import pytest

from edge_detector.core.masking import masked_url, redact


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        # nothing to hide
        ("rtsp://192.0.2.7/stream1", "rtsp://192.0.2.7/stream1"),
        ("/dev/video0", "/dev/video0"),
        ("scene://door?people=2&seed=7", "scene://door?people=2&seed=7"),
        # a user, with and without a password
        ("rtsp://admin:hunter2@192.0.2.7/stream1", "rtsp://***@192.0.2.7/stream1"),
        ("rtsp://admin@192.0.2.7/", "rtsp://***@192.0.2.7/"),
        # characters that should have been percent-encoded and were not
        ("rtsp://admin:hun@ter2@192.0.2.7/x", "rtsp://***@192.0.2.7/x"),
        ("rtsp://admin:hun/ter2@192.0.2.7/x", "rtsp://***@192.0.2.7/x"),
        ("rtsp://admin:hun ter2@192.0.2.7/x", "rtsp://***@192.0.2.7/x"),
        ("http://cam/v?mail=a@b", "http://***@b"),  # rather too much than too little
        ("/media/a@b.mp4", "/media/a@b.mp4"),
        # secrets of the query
        ("http://cam/v?user=me&pwd=hunter2&n=1", "http://cam/v?user=***&pwd=***&n=1"),
        ("http://cam/v?loginPassword=hunter2", "http://cam/v?loginPassword=***"),
        ("http://h/video?user=a&password=hunter2&size=2", "http://h/video?user=***&password=***&size=2"),
        ("http://h/video?api_key=hunter2", "http://h/video?api_key=***"),
        ("http://h/video?TOKEN=hunter2", "http://h/video?TOKEN=***"),
        # what makes a link open without a key, in both ways to sign it
        (
            "https://s/b/k?X-Amz-Credential=AKIA%2Fx&X-Amz-Date=1&X-Amz-Security-Token=t&X-Amz-Signature=ab",
            "https://s/b/k?X-Amz-Credential=***&X-Amz-Date=1&X-Amz-Security-Token=***&X-Amz-Signature=***",
        ),
        (
            "https://s/b/k?AWSAccessKeyId=AKIA&Expires=1&Signature=ab",
            "https://s/b/k?AWSAccessKeyId=***&Expires=1&Signature=***",
        ),
    ],
)
def test_masks_an_address(address: str, shown: str) -> None:
    assert masked_url(address) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        # a sentence stays one
        ("the camera is down", "the camera is down"),
        ("rtsp://a:hunter2@h/x refused, http://b:hunter3@h too", "rtsp://***@h/x refused, http://***@h too"),
        # an @ without an address is no secret
        ("ask bob@example.com", "ask bob@example.com"),
        # several addresses without a space: rather too much than too little
        ("rtsp://a:hunter2@h,rtsp://b:hunter3@g", "rtsp://***@g"),
    ],
)
def test_redacts_addresses_in_a_text(text: str, shown: str) -> None:
    assert redact(text) == shown
