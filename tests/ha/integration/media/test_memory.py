"""What is remembered of answers is bounded in number and time."""

import pytest

from custom_components.porchlight import clips
from custom_components.porchlight.clips import Bounded, ShortMemory, began, first_id, is_visit_id


def test_what_was_put_first_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clips, "MAX_KNOWN", 2)
    known: Bounded[str, int] = Bounded()
    known.update({"a": 1, "b": 2, "c": 3})
    assert dict(known) == {"b": 2, "c": 3}


async def test_an_answer_is_remembered_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    asked: list[str] = []
    memory: ShortMemory[int] = ShortMemory(lambda: now)

    async def ask(key: str) -> int:
        async def answer() -> int:
            asked.append(key)
            return len(asked)

        return await memory.get(key, 10.0, answer)

    assert [await ask("a"), await ask("a")] == [1, 1]
    now = 10.0
    assert await ask("a") == 2
    monkeypatch.setattr(ShortMemory, "_MAX", 1)
    assert [await ask("b"), await ask("a")] == [3, 4]  # there is room for one
    assert asked == ["a", "a", "b", "a"]


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("01M7TPA0G00000000000000001", True),
        ("01M7TPA0G0000000000000000I", False),  # no digit of Crockford's
        ("01M7TPA0G0000000000000001", False),  # 25 of them
        ("81M7TPA0G00000000000000001", False),  # 129 bits
        ("7ZZZZZZZZZZZZZZZZZZZZZZZZZ", False),  # in the year 10889, which no calendar here has
    ],
)
def test_ids_of_visits(text: str, *, is_one: bool) -> None:
    assert is_visit_id(text) is is_one
    if is_one:
        assert first_id(began(text)) == text[:10] + "0" * 16
