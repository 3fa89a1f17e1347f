import pytest

from edge_detector.web.limits import CLIENTS_LIMIT, Allowance, client_of


def test_so_many_at_once_and_so_many_a_second() -> None:
    allowance = Allowance(burst=3, per_s=2)
    for _ in range(3):
        assert allowance.wait_s("192.0.2.1", 0.0) == 0
        allowance.take("192.0.2.1", 0.0)
    assert allowance.wait_s("192.0.2.1", 0.0) == 0.5
    assert allowance.wait_s("192.0.2.1", 0.5) == 0
    assert allowance.wait_s("192.0.2.2", 0.0) == 0
    allowance.take("192.0.2.1", 0.5)
    assert allowance.wait_s("192.0.2.1", 0.5) == 0.5
    for _ in range(3):  # a long pause gives no more than there was at first
        allowance.take("192.0.2.1", 1e6)
    assert allowance.wait_s("192.0.2.1", 1e6) == 0.5


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),  # addresses of one household
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("", "", True),  # a socket without an address
    ],
)
def test_who_counts_as_one(one: str, other: str, same: bool) -> None:
    allowance = Allowance(burst=1, per_s=1)
    allowance.take(one, 0.0)
    assert (allowance.wait_s(other, 0.0) > 0) is same


def test_only_so_many_are_remembered() -> None:
    allowance = Allowance(burst=1, per_s=0.001)
    for n in range(CLIENTS_LIMIT + 1):
        allowance.take(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", 0.0)
    assert allowance.wait_s("10.0.0.0", 0.0) == 0
    assert allowance.wait_s("10.0.0.1", 0.0) > 0


def test_request_without_an_address() -> None:
    assert client_of({}) == ""
    assert client_of({"client": ("192.0.2.1", 5)}) == "192.0.2.1"
