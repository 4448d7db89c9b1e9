"""The smoke test: what passes, and each way in which an answer is not what it should be."""

from __future__ import annotations

import pytest
from deploy.smoke import SmokeError, Step, ask, found, load_steps, smoke

from gongbang.errors import DataError, OptionError
from tests.deploy.scripted import STUDIO_KEY, Scripted, write_secrets


@pytest.fixture
def server():
    made = Scripted()
    yield made
    made.close()


def test_the_steps_of_the_repository_ask_what_a_release_must_do():
    paths = [step.request for step in load_steps()]
    for path in ("/health/ready", "/v1/predict/sentiment-ko", "/v1/ask", "/v1/chat"):
        assert path in [one for _, one in paths]
    assert any(step.without_key and step.status == 401 for step in load_steps())


@pytest.fixture
def secrets(tmp_path):
    return write_secrets(tmp_path / "secrets")


def of(service):
    return [step for step in load_steps() if step.service == service]


def test_a_server_that_does_it_all_passes(server, secrets):
    assert smoke(server.url, of("server"), "k", secrets) == [step.name for step in of("server")]
    method, path, key = server.asked[-1]
    assert (method, path, key) == ("DELETE", "/v1/conversations/c1", "Bearer k")
    assert ("GET", "/v1/models", None) in server.asked
    assert ("GET", "/v1/models", f"Bearer {STUDIO_KEY}") in server.asked


def test_a_studio_that_does_it_all_passes_and_is_shown_no_key(server, secrets):
    assert smoke(server.url, of("studio"), "k", secrets) == [step.name for step in of("studio")]
    assert {key for _, _, key in server.asked} == {None}
    assert [path for _, path, _ in server.asked] == [
        "/",
        "/ko/config",
        "/ko/login",
        "/ko/login",
        "/ko/config",
    ]


def test_a_password_that_does_not_open_is_told_and_not_shown(server, secrets):
    (secrets / "studio.password").write_text("closed-sesame", encoding="utf-8")
    with pytest.raises(SmokeError, match="lets in who knows it") as caught:
        smoke(server.url, of("studio"), "k", secrets)
    assert "closed-sesame" not in str(caught.value)
    (secrets / "studio.password").unlink()
    with pytest.raises(OptionError, match=r"studio\.password"):
        smoke(server.url, of("studio"), "k", secrets)


def test_a_file_of_steps_replaces_those_of_the_services_that_it_names(tmp_path):
    file = tmp_path / "smoke.yaml"
    file.write_text("- {name: a, get: /x}", encoding="utf-8")
    assert [step.name for step in load_steps(file)] == ["a", *(step.name for step in of("studio"))]
    file.write_text("- {name: a, get: /x}\n- {name: b, service: studio, get: /}", encoding="utf-8")
    assert [step.name for step in load_steps(file)] == ["a", "b"]


@pytest.mark.parametrize(
    ("path", "status", "body", "told"),
    [
        ("/health/ready", 503, {"ready": False}, "503"),
        ("/health/ready", 200, {"ready": False}, "ready: false"),
        ("/v1/models", 200, {"items": ["all"]}, "the status 401"),
        ("/v1/predict/sentiment-ko", 200, {"n": 2, "predictions": [{"text": "a"}]}, "n: 2"),
        ("/v1/predict/sentiment-ko", 200, {"n": 1, "predictions": [{"text": ""}]}, "predictions.0.text"),
        ("/v1/predict/sentiment-ko", 500, {"title": "fault"}, "500"),
        ("/v1/ask", 200, {"text": "", "source": "a"}, "something at 'text'"),
        ("/v1/chat", 200, {"kind": "other", "conversation_id": "c1"}, "kind"),
        ("/v1/conversations/c1", 404, {}, "the status 204"),
    ],
)
def test_what_is_wrong_is_told_with_its_step(server, secrets, path, status, body, told):
    server.answers[path] = (status, body)
    with pytest.raises(SmokeError) as caught:
        smoke(server.url, of("server"), "top-secret", secrets)
    assert told in str(caught.value) and path.split("/c1")[0] in str(caught.value)
    assert "top-secret" not in str(caught.value) and len(caught.value.lines()) == 4


def test_nobody_who_answers_is_told(server):
    server.close()
    with pytest.raises(SmokeError, match="nobody answers"):
        ask(server.url, "/health/ready")


def test_an_answer_that_is_no_json_is_text(server):
    server.answers["/x"] = (200, b"plain")
    assert ask(server.url, "/x").body == "plain" and found("plain", "a.0") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- {name: a, gte: /x}", "Did you mean 'get'?"),
        ("- {name: a}", "one of 'get'"),
        ("- {name: a, get: /x, post: /y}", "one of 'get'"),
        ("- {name: a, get: x}", "with a path"),
        ("- {name: a, get: /x, status: 99}", "200"),
        ("- {name: a, get: /x, form: {b: c}}", "a form is posted"),
        ("- {name: a, post: /x, body: 1, secret: {b: c}}", "a form is posted"),
        ("[]", "at least 1"),
        ("a: [", "cannot be read"),
    ],
)
def test_steps_that_cannot_be_are_told(tmp_path, text, told):
    file = tmp_path / "smoke.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_steps(file)
    assert told in str(caught.value) and "smoke.yaml" in str(caught.value)


def test_an_error_without_a_body_is_an_answer(server):
    server.answers["/none"] = (418, b"")
    assert smoke(server.url, [Step(name="a", get="/none", status=418)]) == ["a"]
