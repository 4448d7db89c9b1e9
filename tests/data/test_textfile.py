from __future__ import annotations

import pytest

from gongbang.data.reading import read_records
from gongbang.data.textfile import guess_encoding, read_text
from gongbang.errors import DataError

TEXT = "한국어 문서입니다.\n둘째 줄은 여기에 있다.\n"


@pytest.mark.parametrize(
    ("codec", "guess"),
    [
        ("cp949", "CP949"),
        ("euc-kr", "CP949"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16LE"),
        ("utf-16-be", "UTF-16BE"),
    ],
)
def test_another_encoding_is_named_with_the_command_that_converts_it(tmp_path, codec, guess):
    path = tmp_path / "a b.txt"
    path.write_bytes((TEXT + "plain ascii words help the UTF-16 guess\n").encode(codec))
    with pytest.raises(DataError) as caught:
        read_text(path)
    assert f"iconv -f {guess} -t UTF-8 '{path}'" in caught.value.cure
    assert caught.value.line == 1


def test_a_broken_byte_is_located_by_line(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("가나다\n라".encode() + b"\xff\n")
    with pytest.raises(DataError) as caught:
        read_text(path)
    assert caught.value.line == 2 and "0xff" in str(caught.value.value)
    assert guess_encoding(b"caf\xe9") is None


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.csv"])
def test_a_data_file_in_another_encoding_is_one_error(tmp_path, name):
    path = tmp_path / name
    path.write_bytes('{"question": "누구인가?", "context": "김쇠돌이다"}\n'.encode("cp949") * 3)
    with pytest.raises(DataError, match="not in UTF-8") as caught:
        read_records(path)
    assert "CP949" in caught.value.cure


def test_a_byte_order_mark_is_not_text(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"question": "누구?"}\n', encoding="utf-8-sig")
    assert read_text(path)[0] == "{"
    assert read_records(path).strict()[0].fields["question"] == "누구?"


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b" \n\n"])
def test_an_empty_file_says_so(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match="is empty"):
        read_records(path)


def test_a_missing_file_shows_its_nearest_neighbour(tmp_path):
    (tmp_path / "train.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match="no such file") as caught:
        read_records(tmp_path / "trian.json")
    assert "train.json" in caught.value.cure
    with pytest.raises(DataError, match="no known frame"):
        read_records(tmp_path / "train.json")


def test_a_folder_keeps_its_good_files(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"question": "누구?"}\n', encoding="utf-8")
    (tmp_path / "b.json").write_text("{", encoding="utf-8")
    (tmp_path / "notes.md").write_text("no data", encoding="utf-8")
    loaded = read_records(tmp_path)
    assert len(loaded) == 1 and len(loaded.problems) == 1


def test_a_nul_in_utf8_is_named_with_its_place(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("첫 줄\n안녕\0하세요".encode())
    with pytest.raises(DataError, match="NUL") as caught:
        read_text(path)
    assert caught.value.line == 2 and "character 6" in str(caught.value.value)
    assert "iconv" not in caught.value.cure
    lines = tmp_path / "a.jsonl"
    lines.write_bytes(b'{"question": "a"}\n{"question": "\0"}\n')
    loaded = read_records(lines)
    assert len(loaded) == 1 and loaded.problems[0].line == 2 and "NUL" in loaded.problems[0].what


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_ascii_in_utf16_is_known_though_it_could_be_utf8(tmp_path, codec):
    path = tmp_path / "a.txt"
    path.write_bytes("plain words".encode(codec))
    with pytest.raises(DataError, match="not in UTF-8") as caught:
        read_text(path)
    assert codec.upper().replace("-", "").replace("UTF16", "UTF-16") in caught.value.cure
