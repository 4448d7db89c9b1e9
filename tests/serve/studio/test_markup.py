"""HTML of the pages: escaped, marked where the span stands, and said aloud where it matters."""

from __future__ import annotations

import pytest

from gongbang.serve.studio.client import ApiError
from gongbang.serve.studio.markup import PAGES, bars, folded, head, marked, notice, problem, table
from gongbang.serve.studio.words import LANGUAGES, Words

EVIL = "<script>alert('나쁜 글')</script>${1+1}{{x}}"


def test_nothing_of_others_becomes_html():
    err = ApiError("invalid", 422, {"detail": EVIL, "allowed": EVIL, "cure": EVIL})
    parts = [
        marked(EVIL, (3, 8), (0, 20)),
        table([EVIL], [[EVIL]]),
        bars({EVIL: 0.5}, [EVIL]),
        notice(EVIL, "alert", [EVIL]),
        problem(err, Words("ko")),
        folded(EVIL, ""),
    ]
    for part in parts:
        assert "<script>" not in part and "&lt;" in part


@pytest.mark.parametrize(("start", "end"), [(0, 2), (8, 11), (15, 16)])
def test_the_marked_span_is_the_span(start: int, end: int):
    text = "공방은 넓다. 월요일에 쉰다."
    html = marked(text, (start, end), (0, len(text)))
    assert f"<mark>{text[start:end]}</mark>" in html
    assert (
        html.replace("<span class='near'>", "")
        .replace("</span>", "")
        .replace("<mark>", "")
        .replace("</mark>", "")
        == text
    )


def test_evidence_that_ends_before_its_answer_is_widened():
    assert marked("가나다라", (1, 3), (2, 3)) == "가<span class='near'><mark>나다</mark></span>라"


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_menu_names_every_page_and_the_other_language(page: str, language: str):
    html = head(page, Words(language))
    assert html.count("aria-current") == 1 and html.count("<h1>") == 1
    assert all(f"/{language}/{'' if one == 'ask' else one}'" in html for one in PAGES)
    other = next(one for one in LANGUAGES if one != language)
    assert f"hreflang='{other}'" in html


def test_problems_are_alerts_in_the_readers_language():
    err = ApiError("busy", 429, {"detail": "too many wait.", "cure": "Try again in 2 seconds."})
    korean = problem(err, Words("ko"))
    assert "role='alert'" in korean and "지금은 서버가 바쁩니다." in korean
    assert "too many wait." in korean and "Try again in 2 seconds." in korean
    assert "role='status'" in notice("끝")
