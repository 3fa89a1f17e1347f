import json

import pytest

from edge_detector.core.drawing import outline_of, plain
from edge_detector.core.errors import OutlineError
from edge_detector.core.lines import Line
from edge_detector.core.outline import Outline
from edge_detector.core.zones import Zone, ZoneKind

OUTLINE = Outline(
    zones=(Zone(id="mat", name="Mat", points=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)), kind=ZoneKind.IGNORE),),
    lines=(Line(id="gate", name="Gate", start=(0.1, 0.2), end=(0.9, 0.2)),),
)


def test_outline_comes_back_from_json_as_it_went() -> None:
    assert outline_of(json.loads(json.dumps(plain(OUTLINE)))) == OUTLINE


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"zones": [], "lines": 3},
        {"zones": [{"id": "mat"}], "lines": []},
        {"zones": [], "lines": [{"id": "gate", "name": "Gate", "start": [0], "end": [1, 1]}]},
        {"zones": [], "lines": [{"id": "gate", "name": "Gate", "start": ["a", 0], "end": [1, 1]}]},
        {"zones": [{**plain(OUTLINE)["zones"][0], "kind": "nice"}], "lines": []},
        {"zones": [{**plain(OUTLINE)["zones"][0], "id": "No"}], "lines": []},
    ],
)
def test_what_is_none_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(OutlineError):
        outline_of(body)
