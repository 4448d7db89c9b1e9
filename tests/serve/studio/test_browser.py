"""The pages in headless Chromium: each does its main work, and nothing is asked of another host.

Needs Debian's chromium and Playwright's core; skipped, with the reason, where one is missing. Pictures go
into the folder that GONGBANG_STUDIO_SHOTS names, else beside the other files of the test.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from gongbang.serve.studio.client import Client
from gongbang.serve.studio.markup import PAGES, address
from gongbang.serve.studio.words import LANGUAGES, TABLE, Words

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE, NARROW = (1280, 800), (400, 800)
QUESTION = "두루미골의 면적은 얼마인가?"
READY = {
    "classify": "document.querySelector('#classify-model input')?.value",
    "compare": "document.querySelector('#compare-b input')?.value",
    "review": "document.querySelector('#review-count small')",
}
"""What a page shows once it has read what it reads when it is opened."""
STILL = (
    "![...document.querySelectorAll('[data-testid=status-tracker]')].some(one => one.matches('.generating'))"
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


class Visitor:
    """A page of the browser that reaches this machine alone, and notes what it was kept from."""

    def __init__(self, browser: Any, studio: str, size: tuple[int, int], scheme: str, folder: Path) -> None:
        shape = {"width": size[0], "height": size[1]}
        self.context = browser.new_context(viewport=shape, color_scheme=scheme, locale="ko-KR")
        self.context.set_default_timeout(30_000)
        self.page = self.context.new_page()
        self.studio, self.folder = studio, folder
        self.elsewhere: list[str] = []
        self.errors: list[str] = []
        self.context.route("**/*", self._routed)
        self.page.on("pageerror", lambda err: self._met(str(err)))
        self.page.on("console", self._said)

    def _routed(self, route: Any) -> None:
        if urlsplit(route.request.url).hostname in ("127.0.0.1", None):
            route.continue_()
        else:
            self.elsewhere.append(route.request.url)
            route.abort()

    def _said(self, message: Any) -> None:
        if message.type == "error":
            self._met(message.text)

    def _met(self, error: str) -> None:
        """Note an error, but for those of requests that end because the visitor goes on to another page."""
        if not re.search("AbortError|Connection errored out", error):
            self.errors.append(error)

    def open(self, page: str, language: str) -> Any:
        self.page.goto(self.studio + address(page, language))
        self.page.wait_for_selector(f"#{page}-head h1")
        self.page.wait_for_function(READY.get(page, "true"))
        return self.page

    def write(self, id: str, text: str) -> None:
        self.page.locator(f"#{id} textarea, #{id} input").first.fill(text)

    def press(self, id: str, then: str) -> None:
        self.page.click(f"#{id}")
        self.page.wait_for_selector(then)

    def shoot(self, name: str) -> None:
        """Take a picture from the top, once nothing moves any more."""
        self.page.evaluate("window.scrollTo(0, 0)")
        self.page.mouse.move(0, 0)
        self.page.wait_for_function(STILL)
        path = self.folder / f"{name}.png"
        self.page.screenshot(path=path, animations="disabled")
        assert path.stat().st_size > 5_000


@pytest.fixture
def visit(browser: Any, studio: str, tmp_path: Path) -> Iterator[Callable[..., Visitor]]:
    """Opens visitors; at the end none of them has met an error or asked another host."""
    named = os.environ.get("GONGBANG_STUDIO_SHOTS")
    folder = tmp_path if named is None else Path(named)
    folder.mkdir(parents=True, exist_ok=True)
    visitors: list[Visitor] = []

    def one(size: tuple[int, int] = WIDE, scheme: str = "light") -> Visitor:
        visitors.append(Visitor(browser, studio, size, scheme, folder))
        return visitors[-1]

    yield one
    for visitor in visitors:
        visitor.context.close()
        assert visitor.elsewhere == [] and visitor.errors == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_opens_without_another_host_or_a_raw_key(visit, language: str):
    visitor = visit()
    other = next(one for one in LANGUAGES if one != language)
    for name in PAGES:
        page = visitor.open(name, language)
        text = page.inner_text("body")
        assert Words(language)(f"{name}.hint") in text
        assert not [key for key in TABLE if "." in key and key in text]
        page.wait_for_function(f"document.documentElement.lang === '{language}'")
        assert page.locator(f"a[hreflang={other}]").count() == 1
    page.click(f"a[hreflang={other}]")
    page.wait_for_selector(f"header[lang={other}]")
    assert page.url.endswith(address(PAGES[-1], other))


@pytest.mark.parametrize(("size", "scheme"), [(NARROW, "light"), (WIDE, "dark")])
def test_pages_fit_the_screen_and_keep_their_contrast(visit, size: tuple[int, int], scheme: str):
    visitor = visit(size, scheme)
    for name in PAGES:
        page = visitor.open(name, "ko")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        text, ground = page.evaluate(
            "['color', 'background-color'].map((name, at) =>"
            " getComputedStyle(at ? document.body : document.querySelector('h1'))[name])"
        )
        assert contrast(text, ground) >= 7, (text, ground)
        visitor.shoot(f"{name}-{size[0]}-{scheme}")


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as a browser writes them (WCAG 2.2, 1.4.3)."""

    def light(colour: str) -> float:
        parts = [float(part) / 255 for part in colour.partition("(")[2].rstrip(")").split(",")[:3]]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


def test_ask_marks_the_answer_and_takes_a_correction(visit, client: Client):
    visitor = visit()
    page = visitor.open("ask", "ko")
    visitor.write("ask-question", QUESTION)
    page.keyboard.press("Enter")
    page.wait_for_selector("#ask-text")
    assert page.inner_text("#ask-passage mark") == "14제곱킬로미터"
    visitor.shoot("ask")
    visitor.write("ask-correction", "312명")
    visitor.press("ask-correct", "#ask-notice [role=status]")
    item = client.review(limit=1000).items[-1]
    assert (item.correction, item.client, item.origin) == ("312명", "studio", "ask")
    visitor.write("ask-question", "고래의 수명은 몇 년인가?")
    page.click("#ask-button")
    page.wait_for_function(
        f"document.querySelector('#ask-text').innerText.includes('{TABLE['ask.nothing'][0]}')"
    )
    visitor.write("ask-question", "가" * 2001)
    visitor.press("ask-button", "#ask-notice [role=alert]")
    assert "Traceback" not in page.inner_text("body")


def test_chat_asks_back_by_buttons_and_takes_feedback_of_any_turn(visit, client: Client):
    visitor = visit()
    page = visitor.open("chat", "ko")
    page.check("#chat-explain input")
    visitor.write("chat-message", "몇 시에 열어요?")
    visitor.press("chat-send", "#chat-why table")
    visitor.write("chat-message", "주차 예약?")
    page.keyboard.press("Enter")
    page.wait_for_selector("#chat-back-1")
    asked = {page.inner_text(f"#chat-back-{at}") for at in range(2)}
    assert asked == {"주차할 수 있나요?", "예약해야 하나요?"}
    visitor.shoot("chat")
    page.get_by_role("button", name="주차할 수 있나요?").click()
    page.wait_for_selector("#chat-talk >> text=주차는 뒤뜰에 하시면 돼요.")
    page.wait_for_selector("#chat-back-0", state="hidden")
    page.click("#chat-judging > button")
    page.click("#chat-turn input")
    page.get_by_role("option", name="1. 공방은 아침 열 시에 열어요.").click()
    visitor.write("chat-correction", "열한 시에 열어요.")
    visitor.press("chat-correct", "#chat-notice [role=status]")
    item = client.review(limit=1000).items[-1]
    assert (item.answer, item.correction) == ("공방은 아침 열 시에 열어요.", "열한 시에 열어요.")
    page.click("#chat-again")
    page.wait_for_selector("#chat-talk >> text=공방은", state="detached")


def test_play_goes_to_the_end_and_takes_marks(visit, client: Client):
    visitor = visit()
    page = visitor.open("play", "ko")
    visitor.press("play-start", "#play-top")
    assert page.is_disabled("#play-clue")
    for number in range(1, 7):
        visitor.write("play-text", f"그것은 {number}번인가요?")
        visitor.press("play-ask", f"#play-scene li:nth-child({number})")
    visitor.write("play-text", "어디에 사나요?")
    visitor.press("play-clue", "#play-scene li:nth-child(7)")
    assert "7번 씀, 13번 남음" in page.inner_text("#play-scene")
    visitor.shoot("play")
    visitor.press("play-give-up", "#play-send-marks")
    assert (
        page.locator("input[name^='radio'][value='right']:checked, input[value='right']:checked").count() >= 7
    )
    page.check("#play-mark-2 input[value='wrong']")
    visitor.shoot("play-end")
    visitor.press("play-send-marks", "#play-notice [role=status]")
    kept = client.review(origin="game", limit=1000).items[-7:]
    assert [item.verdict for item in kept] == ["good", "bad", *["good"] * 5]


def test_the_machine_guesses_by_what_it_is_told(visit):
    visitor = visit()
    page = visitor.open("play", "en")
    page.get_by_label("The machine guesses").check()
    visitor.press("play-start", "#play-top")
    first = page.inner_text("#play-top")
    visitor.press("play-yes", "#play-scene li")
    assert first in page.inner_text("#play-scene li") and page.inner_text("#play-top") != first
    visitor.press("play-give-up", "#play-scene >> text=We stop here.")


def test_a_game_that_went_on_in_another_window_is_shown_as_it_stands(visit, monkeypatch):
    play = Client.play

    def late(self: Client, id: str, do: str, text: str, version: int) -> Any:
        play(self, id, "questions", "다른 창에서 묻나요?", version)
        return play(self, id, do, text, version)

    visitor = visit()
    page = visitor.open("play", "en")
    visitor.press("play-start", "#play-top")
    monkeypatch.setattr(Client, "play", late)
    visitor.write("play-text", "살아 있나요?")
    visitor.press("play-ask", "#play-notice [role=alert]")
    assert Words("en")("problem.conflict") in page.inner_text("#play-notice")
    assert "1 used, 19 left" in page.inner_text("#play-scene")


def test_classify_shows_bars_and_emotions_show_stickers(visit):
    visitor = visit()
    page = visitor.open("classify", "ko")
    visitor.write("classify-text", "선생님이 하나하나 가르쳐 주셔서 정말 즐거웠어요.")
    visitor.press("classify-button", "#classify-chosen")
    assert "positive" in page.inner_text("#classify-chosen")
    visitor.press("classify-right", "#classify-notice [role=status]")
    page.click("#classify-model input")
    page.get_by_role("option", name="emotions-ko (emotions)").click()
    page.wait_for_selector("#classify-chosen", state="detached")  # the page knows of the other model by now
    visitor.press("classify-button", "#classify-stickers .stickers")
    assert page.locator("#classify-stickers .box").count() == 3
    visitor.shoot("classify")


def test_compare_shows_intervals_and_what_changed(visit):
    visitor = visit()
    page = visitor.open("compare", "ko")
    visitor.press("compare-button", "#compare-comparison table")
    text = page.inner_text("#compare-comparison")
    assert "60.00 (48.00 – 71.00)" in text and "loop.epochs" in text and "+20.00" in text
    visitor.shoot("compare")


def test_review_shows_a_conflict_and_decides_about_what_is_now(visit, client: Client):
    turn = client.say("몇 시에 열어요?", None, False).turn_id
    id = client.judge_turn(turn, True, None, "test").id
    visitor = visit()
    page = visitor.open("review", "ko")
    page.click("#review-origin input")
    page.get_by_role("option", name="대화").click()
    page.get_by_role("radio", name=f"{id}. [대화]").check()
    page.wait_for_selector("#review-top")
    visitor.write("review-reviewer", "민")
    visitor.shoot("review")
    client.decide(id, action="reject", reviewer="솔", version=1)
    visitor.press("review-accept", "#review-notice [role=alert]")
    assert "솔" in page.inner_text("#review-item") and "물리침" in page.inner_text("#review-top")
    visitor.shoot("review-conflict")
    visitor.press("review-accept", "#review-notice [role=status]")
    assert client.review_item(id).state == "accepted"


def test_what_people_wrote_is_shown_as_they_wrote_it(visit, client: Client):
    evil = "<img src=x onerror=alert(1)> ${1+1} {{x}} `a`"
    client.say(evil, None, False)
    visitor = visit()
    page = visitor.open("chat", "ko")
    visitor.write("chat-message", evil)
    page.keyboard.press("Enter")
    page.locator("#chat-talk").get_by_text(evil, exact=True).wait_for()
    assert page.locator("#chat-talk img[src=x]").count() == 0
    page = visitor.open("ask", "ko")
    visitor.write("ask-question", f"두루미골의 면적은 {evil}")
    visitor.press("ask-button", "#ask-text")
    visitor.write("ask-correction", evil)
    visitor.press("ask-correct", "#ask-notice [role=status]")
    page = visitor.open("review", "ko")
    id = client.review(limit=1000).items[-1].id
    page.click("#review-origin input")
    page.get_by_role("option", name="묻기").click()
    page.get_by_role("radio", name=f"{id}. [묻기]").check()
    page.wait_for_selector("#review-top")
    assert evil in page.inner_text("#review-item") and page.locator("#review-item img").count() == 0
