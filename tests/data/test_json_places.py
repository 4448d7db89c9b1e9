"""Lines of objects in JSON, against a walk over the parsed value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gongbang.data.json_places import line_of, object_lines

keys = st.text('ab"\\{[,:\n', max_size=3)
values = st.recursive(
    st.none() | st.integers() | keys,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)


def objects(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield from [(path, value)] if value else []
        for key, inner in value.items():
            yield from objects(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from objects(inner, f"{path}[{number}]")


@given(values, st.sampled_from([None, 1]))
def test_every_object_is_found_where_its_first_key_stands(value, indent):
    text = json.dumps(value, indent=indent)
    rows, found = text.split("\n"), object_lines(text)
    expected = dict(objects(value))
    assert found.keys() == expected.keys()
    for path, line in found.items():
        assert json.dumps(next(iter(expected[path]))) + ":" in rows[line - 1]


def test_the_innermost_object_gives_the_line():
    lines = {"": 1, "data[0]": 3, "data[0].qas[1]": 7}
    assert line_of(lines, "data[0].qas[1].answers[0].text") == 7
    assert line_of(lines, "data[0].qas[2]") == 3 and line_of(lines, "other") == 1
    assert line_of({}, "data[0]") is None
