import pytest

from hatsr.attribution.rows import read_rows as read


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": 1}\nnonsense\n', "got line 2: Expecting value"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "got line 1: 'utf-8' codec can't decode"),
        (b'{"a": 1}\n[2]\n{"mod', "got line 2: list, not an object"),
        (b'{"a": 1}\n{"a"', "got line 2: no row begins so; give another file"),
        (b"one line of prose", "got line 1: no row begins so"),
    ],
)
def test_a_foreign_file_is_refused_and_left_as_it_is(tmp_path, content, message):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"rows.jsonl must hold a JSON object.*{message}"):
        read(path)
    assert path.read_bytes() == content
