"""What goes wrong on the way, by a proxy in front of a real store."""

from collections.abc import Iterator

import pytest

from edge_detector.archive import s3_upload
from edge_detector.archive.s3 import S3Store
from edge_detector.archive.s3_checksum import Knows
from edge_detector.core.errors import PermanentStoreError, RetryableStoreError
from tests.broker import HOST, free_port
from tests.edge.archive.conftest import MakeItem
from tests.edge.archive.test_s3 import LARGE, SMALL, content, key_of
from tests.fault_proxy import Answer, Fault, FaultProxy, Kind, Mix, Script
from tests.s3_server import S3Server, SeaweedServer

#: Silence ends a try after this: short where the store is silent, so that tests are; else a store may take its time.
SHORT_S = 3.0
PATIENCE_S = 60.0


@pytest.fixture
def proxy(seaweed: SeaweedServer) -> Iterator[FaultProxy]:
    with FaultProxy(seaweed.port) as proxy:
        yield proxy


@pytest.fixture
def store(seaweed: SeaweedServer, proxy: FaultProxy) -> S3Store:
    return S3Store(seaweed.config(endpoint=proxy.url, timeout_s=PATIENCE_S))


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (Kind.RESET, "The connection to .* broke off"),
        (Kind.RESET_ANSWER, "The (connection to|answer of) .* broke off"),
        (Kind.CLOSE, "The connection to .* broke off"),
        (Kind.HANG, "stopped answering"),
        (Kind.INTERNAL_ERROR, r"is not ready \(InternalError, HTTP 500\)"),
        (Kind.SLOW_DOWN, r"is not ready \(SlowDown, HTTP 503\)"),
        (Kind.UNAVAILABLE, r"is not ready \(HTTP 503\)"),
        (Kind.BAD_DIGEST, r"is not ready \(BadDigest, HTTP 400\)"),
        (Kind.CAPTIVE, "is no S3 store|did not confirm"),
    ],
)
@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "large"])
def test_what_may_pass(  # noqa: PLR0917 - fixtures
    kind: Kind,
    sentence: str,
    data: bytes,
    seaweed: SeaweedServer,
    proxy: FaultProxy,
    store: S3Store,
    make_item: MakeItem,
) -> None:
    """Each fault is told as one that may pass, at every call of an upload, and the next try stores the file whole."""
    item = make_item(data)
    hasty = S3Store(seaweed.config(endpoint=proxy.url, timeout_s=SHORT_S if kind is Kind.HANG else PATIENCE_S))
    calls = 1 if data is SMALL else 4
    for place in range(calls):
        proxy.plan = Script(*[None] * place, kind)
        with pytest.raises(RetryableStoreError, match=sentence):
            hasty.put(item)
        assert proxy.faults == {kind: place + 1}
    store.put(item)
    assert content(seaweed, item) == data
    # What nobody was told the number of, nobody can abort.
    assert seaweed.uploads().count(key_of(item)) == (kind is Kind.RESET_ANSWER and data is LARGE)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [(Kind.EXPIRED_TOKEN, "The session token has expired: renew it"), (Kind.SKEWED, "This machine's clock is wrong")],
)
def test_what_must_be_mended(
    kind: Kind, sentence: str, proxy: FaultProxy, store: S3Store, make_item: MakeItem, seaweed: SeaweedServer
) -> None:
    item = make_item(SMALL)
    proxy.plan = Script(kind)
    with pytest.raises(PermanentStoreError, match=sentence):
        store.put(item)
    store.put(item)
    assert content(seaweed, item) == SMALL


def test_wish_of_the_store_is_handed_on(proxy: FaultProxy, store: S3Store, make_item: MakeItem) -> None:
    proxy.plan = Script(Fault(kind=Kind.SLOW_DOWN, retry_after_s=7.5))
    with pytest.raises(RetryableStoreError) as caught:
        store.put(make_item(SMALL))
    assert caught.value.retry_after_s == 7.5


def test_each_call_is_tried_once(proxy: FaultProxy, store: S3Store, make_item: MakeItem) -> None:
    """The ledger tries again; a store that is slow is not asked three times as often by boto3."""
    proxy.plan = Mix(seed=1, rates={Kind.INTERNAL_ERROR: 1.0})
    with pytest.raises(RetryableStoreError):
        store.put(make_item(SMALL))
    assert len(proxy.seen) == 1


@pytest.mark.parametrize("at", [0.0, 0.5, 0.9999999])
def test_byte_that_changes_on_the_way_is_noticed(at: float, server: S3Server, make_item: MakeItem) -> None:
    """By the store's SHA-256, its check of what was signed, or the MD5 that it answers: nothing is taken for stored."""
    with FaultProxy(server.port) as proxy:
        store = S3Store(server.config(endpoint=proxy.url, timeout_s=PATIENCE_S))
        for data, before in ((SMALL, 0), (LARGE, 1), (LARGE, 2)):
            item = make_item(data)
            proxy.plan = Script(*[None] * before, Fault(kind=Kind.FLIP, at=at))
            with pytest.raises(RetryableStoreError):
                store.put(item)
            assert proxy.faults["flip"] == before + 1
            store.put(item)
            assert content(server, item) == data


def test_store_that_is_not_there(make_item: MakeItem, seaweed: SeaweedServer) -> None:
    store = S3Store(seaweed.config(endpoint=f"http://{HOST}:{free_port()}", timeout_s=PATIENCE_S))
    for ask in (lambda: store.put(make_item(SMALL)), store.check):
        with pytest.raises(RetryableStoreError, match="cannot be reached: see that it runs"):
            ask()


def test_upload_that_cannot_be_aborted_is_left(
    proxy: FaultProxy, store: S3Store, make_item: MakeItem, seaweed: SeaweedServer
) -> None:
    """The line is still away when it would be aborted: the fault that began it is told, and the next try works."""
    item = make_item(LARGE)
    for abort in (Kind.CLOSE, Kind.INTERNAL_ERROR):
        proxy.plan = Script(None, Kind.SLOW_DOWN, abort)
        with pytest.raises(RetryableStoreError, match="SlowDown"):
            store.put(item)
    assert seaweed.uploads().count(key_of(item)) == 2
    store.put(item)
    assert content(seaweed, item) == LARGE


def test_store_that_does_not_know_sha256(
    proxy: FaultProxy, store: S3Store, make_item: MakeItem, seaweed: SeaweedServer
) -> None:
    """It gets MD5 at once, in the same try, and from then on."""
    message = "Unsupported header 'x-amz-checksum-sha256' received for this API call."
    proxy.plan = Script(Fault(kind=Kind.ANSWER, answer=Answer(400, "InvalidArgument", message)))
    first, second = make_item(SMALL), make_item(LARGE)
    store.put(first)
    store.put(second)
    assert (content(seaweed, first), content(seaweed, second)) == (SMALL, LARGE)
    assert store._checksums.knows is Knows.MD5
    assert ["x-amz-checksum-sha256" in seen.request.headers for seen in proxy.seen] == [True, *[False] * 5]


def test_store_that_refuses_something_else(proxy: FaultProxy, store: S3Store, make_item: MakeItem) -> None:
    refused = Fault(kind=Kind.ANSWER, answer=Answer(501, "NotImplemented", "A header is not implemented"))
    proxy.plan = Script(refused, refused)
    with pytest.raises(PermanentStoreError, match=r"HTTP 501\): A header is not implemented; where a header is not"):
        store.put(make_item(SMALL))
    assert store._checksums.knows is Knows.NOTHING


def test_bucket_in_another_region(proxy: FaultProxy, store: S3Store, make_item: MakeItem) -> None:
    """Where the store says which, that is taken; else it is not asked for, as the key may not."""
    elsewhere = Answer(301, "PermanentRedirect", "The bucket must be addressed using the specified endpoint.")
    told = Answer(400, "AuthorizationHeaderMalformed", "the region is wrong", more={"Region": "eu-central-1"})
    proxy.plan = Script(Fault(kind=Kind.ANSWER, answer=told))
    store.put(make_item(SMALL))
    assert "/eu-central-1/s3/" in proxy.seen[-1].request.headers["authorization"]
    proxy.plan = Script(Fault(kind=Kind.ANSWER, answer=elsewhere))
    with pytest.raises(PermanentStoreError, match=r"set archive\.region"):
        store.put(make_item(SMALL))
    assert {seen.request.method for seen in proxy.seen} == {"PUT"}


def test_upload_whose_end_is_not_confirmed(proxy: FaultProxy, store: S3Store, make_item: MakeItem) -> None:
    """A store may say 200 and fail all the same."""
    late = "<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>"
    empty = '<CompleteMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'
    for page in (late, empty):
        proxy.plan = Script(None, None, None, Fault(kind=Kind.ANSWER, answer=Answer(200, page=page)))
        with pytest.raises(RetryableStoreError):
            store.put(make_item(LARGE))


def test_upload_that_does_not_begin(proxy: FaultProxy, store: S3Store, make_item: MakeItem) -> None:
    page = '<InitiateMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'
    proxy.plan = Script(Fault(kind=Kind.ANSWER, answer=Answer(200, page=page)))
    with pytest.raises(RetryableStoreError, match="it began no upload"):
        store.put(make_item(LARGE))


def test_check_while_the_store_is_away(proxy: FaultProxy, store: S3Store) -> None:
    proxy.plan = Script(Kind.SLOW_DOWN)
    with pytest.raises(RetryableStoreError, match="SlowDown"):
        store.check()


@pytest.mark.parametrize("seed", [1, 2])
def test_many_faults_lose_and_spoil_nothing(seed: int, server: S3Server, make_item: MakeItem) -> None:
    """Whatever mix of faults: what is told to be stored is there, byte for byte, and all is stored in the end."""
    others = {Kind.HANG, Kind.ANSWER, Kind.SKEWED, Kind.EXPIRED_TOKEN}
    rates = {kind: 0.04 for kind in list(Kind) if kind not in others}
    items = [make_item(b"%d " % number * (number + 1) ** 3) for number in range(20)] + [make_item(LARGE)]
    with FaultProxy(server.port, plan=Mix(seed=seed, rates=rates)) as proxy:
        store = S3Store(server.config(endpoint=proxy.url, timeout_s=PATIENCE_S))
        waiting, tries = list(items), 0
        while waiting:
            item = waiting.pop(0)
            tries += 1
            assert tries < 400, "it goes on for ever"
            try:
                store.put(item)
            except RetryableStoreError:
                waiting.append(item)
            else:
                assert content(server, item) == item.path.read_bytes()
        assert sum(proxy.faults.values()) >= 5


def test_part_size_is_what_stores_take() -> None:
    """No part but the last may be smaller than 5 MiB."""
    assert s3_upload.PART_BYTES >= 5 << 20
