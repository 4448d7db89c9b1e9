"""The studio as an application: every page in both languages, labelled, and nothing from elsewhere."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from gongbang.errors import OptionError
from gongbang.serve.studio.markup import PAGES, address
from gongbang.serve.studio.settings import StudioSettings
from gongbang.serve.studio.words import LANGUAGES, TABLE, Words

EVERY = [(page, language) for language in LANGUAGES for page in PAGES]
LABELLED = {"textbox", "dropdown", "radio", "checkbox", "slider", "chatbot"}


def get(url: str, **headers: str) -> tuple[int, Any, str]:
    try:
        with urlopen(Request(url, headers=headers), timeout=60) as answer:
            return answer.status, answer.headers, answer.read().decode("utf-8")
    except HTTPError as err:
        with err:
            return err.code, err.headers, err.read().decode("utf-8")


def config_of(html: str) -> dict[str, Any]:
    """What the page is made of, as Gradio writes it into the page."""
    found = re.search(r"window\.gradio_config = (\{.*?\});</script>", html, re.DOTALL)
    assert found is not None
    read: dict[str, Any] = json.loads(found[1])
    return read


@pytest.mark.parametrize(("page", "language"), EVERY)
def test_a_page_speaks_its_language_and_labels_everything(studio: str, page: str, language: str):
    status, _, html = get(studio + address(page, language))
    config = config_of(html)
    assert status == 200 and f'language = "{language}"' in config["head"]
    name = "" if page == PAGES[0] else page
    here = set(config["page"][name]["components"])
    parts = [part for part in config["components"] if part["id"] in here]
    assert any(part["props"].get("elem_id") == f"{page}-head" for part in parts)
    texts = [str(value) for part in parts for value in part["props"].values() if isinstance(value, str)]
    assert not {text for text in texts for key in TABLE if "." in key and key in text}, "a raw key"
    for part in parts:
        if part["type"] in LABELLED and part["props"].get("visible") is True:
            assert part["props"]["label"], part
        if part["type"] == "button" and part["props"].get("visible") is True:
            assert part["props"]["value"], part
    assert Words(language)(page) in "".join(texts)


def test_browsers_are_told_to_load_nothing_from_elsewhere(studio: str):
    for page in ("/ko/", "/en/review", "/ko/config"):
        _, headers, _ = get(studio + page)
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy and "http" not in policy and "*" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_gradio_reports_nothing(studio: str):
    config = config_of(get(f"{studio}/ko/")[2])
    assert config["analytics_enabled"] is False and not config.get("run_history")
    assert not config["footer_links"]


def test_the_first_address_leads_to_the_language_of_the_settings(studio: str):
    status, _, html = get(studio)
    assert status == 200 and config_of(html)["title"] == "공방"
    assert get(f"{studio}/favicon.ico")[0] == 204


def test_a_foreign_host_header_is_refused(studio: str):
    assert get(studio, Host="evil.example")[0] == 421


def test_a_password_is_asked_for_where_one_is_set(api: str):
    pytest.importorskip("gradio", reason="the extra 'studio' is not installed")
    from fastapi.testclient import TestClient

    from gongbang.serve.studio.app import USER, create_studio

    settings = StudioSettings(api, host="0.0.0.0", password="두루미")
    with TestClient(create_studio(settings), base_url="http://studio.example") as client:
        assert '"auth_required": true' in client.get("/ko/").text.replace(":true", ": true")
        assert client.get("/ko/config").status_code == 401
        wrong = client.post("/ko/login", data={"username": USER, "password": "기러기"})
        assert wrong.status_code == 400
        right = client.post("/ko/login", data={"username": USER, "password": "두루미"})
        assert right.status_code == 200 and client.get("/ko/config").status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [{"host": "0.0.0.0"}, {"port": 0}, {"language": "fr"}, {"runs": "no such folder"}],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(tmp_path, wrong: dict[str, Any]):
    if "runs" in wrong:
        wrong = {"runs": tmp_path / wrong["runs"]}
    with pytest.raises(OptionError) as err:
        StudioSettings("http://127.0.0.1:8000", **wrong)
    assert err.value.cure
