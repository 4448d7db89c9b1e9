"""Rules for container files: each one is broken once, and kept once."""

from __future__ import annotations

import pytest
from deploy.containerfile import FILE
from deploy.lists import local_files
from deploy.manifest import ROOT
from deploy.rules import RULES, broken, instructions

DIGEST = "@sha256:" + "0123456789abcdef" * 4
GOOD = f"""\
# a comment
FROM python:3.11-slim{DIGEST} AS build
WORKDIR /build
COPY requirements/*.txt src ./
RUN apt-get update \\
 && apt-get install --yes --no-install-recommends git=1:2 \\
 && rm -rf /var/lib/apt/lists/*
RUN pip install --no-deps -r requirements/core.txt

FROM python:3.11-slim{DIGEST} AS serving
COPY --from=build /opt /opt
ENV PATH=/opt/bin:$PATH PASSWORD_FILE=/run/secrets/p
USER 10001:10001

FROM serving AS server
HEALTHCHECK --interval=30s CMD ["python", "-c", "pass"]
CMD ["gongbang", "serve"]
"""
CONTEXT = ["requirements/core.txt", "src/a.py"]


def rules_of(text: str, **options) -> list[str]:
    return [finding.rule for finding in broken(text, CONTEXT, **options)]


def test_a_good_file_keeps_all_rules():
    assert broken(GOOD, CONTEXT, deploy=True) == []


def test_our_own_file_keeps_all_rules_but_for_digests_that_are_not_filled_in():
    text = (ROOT / FILE).read_text(encoding="utf-8")
    assert broken(text, local_files()) == []
    found = {finding.rule for finding in broken(text, local_files(), deploy=True)}
    assert found == (set() if "@sha256:" in text else {"digest"})


BREAKS = [
    ("tag", f"FROM python:3.11-slim{DIGEST} AS serving", "FROM python:latest AS serving"),
    ("tag", f"FROM python:3.11-slim{DIGEST} AS serving", "FROM registry:5000/python AS serving"),
    ("digest", f"FROM python:3.11-slim{DIGEST} AS serving", "FROM python:3.11-slim AS serving"),
    (
        "digest",
        f"FROM python:3.11-slim{DIGEST} AS serving",
        "FROM python:3.11-slim@sha256:fill-me AS serving",
    ),
    ("user", "USER 10001:10001", "RUN true"),
    ("user", "USER 10001:10001", "USER root"),
    ("user", "USER 10001:10001", "USER 0:10001"),
    ("user", 'CMD ["gongbang", "serve"]', 'USER root\nCMD ["gongbang", "serve"]'),
    ("add", "WORKDIR /build", "WORKDIR /build\nADD https://example.org/a.tar.gz /a"),
    ("add", "COPY requirements/*.txt src ./", "ADD src ./"),
    ("apt", "--no-install-recommends ", ""),
    ("apt", " \\\n && rm -rf /var/lib/apt/lists/*", ""),
    ("apt", "apt-get update \\", "apt-get update && apt-get -y dist-upgrade \\"),
    ("pip", "-r requirements/core.txt", "fastapi"),
    ("pip", "RUN pip install --no-deps -r requirements/core.txt", "RUN true && pip install -U pip"),
    ("copy", "COPY requirements/*.txt src ./", "COPY requirements/*.lock ./"),
    ("copy", "COPY requirements/*.txt src ./", 'COPY ["src", "models", "./"]'),
    ("copy", "COPY --from=build", "COPY --from=biuld"),
    ("secret", "PASSWORD_FILE=/run/secrets/p", "PASSWORD=hunter2"),
    ("secret", "PASSWORD_FILE=/run/secrets/p", "DATABASE=postgresql://me:pw@db/x"),
    ("secret", "WORKDIR /build", "ARG GITHUB_TOKEN\nWORKDIR /build"),
    ("secret", "WORKDIR /build", "ENV API_KEY gb_1\nWORKDIR /build"),
    ("health", 'HEALTHCHECK --interval=30s CMD ["python", "-c", "pass"]\n', ""),
    ("health", 'HEALTHCHECK --interval=30s CMD ["python", "-c", "pass"]', "HEALTHCHECK NONE"),
    ("exec-form", 'CMD ["gongbang", "serve"]', "CMD gongbang serve"),
    ("exec-form", 'CMD ["gongbang", "serve"]', "ENTRYPOINT ['gongbang']"),
    ("exec-form", 'CMD ["python", "-c", "pass"]', "CMD curl localhost"),
    ("workdir", "WORKDIR /build", "WORKDIR build"),
]


@pytest.mark.parametrize(
    ("rule", "good", "bad"), BREAKS, ids=[f"{one[0]}-{at}" for at, one in enumerate(BREAKS)]
)
def test_each_rule_is_broken_where_it_should_be(rule, good, bad):
    assert good in GOOD
    found = broken(GOOD.replace(good, bad), CONTEXT, deploy=True)
    assert rule in {finding.rule for finding in found}, found
    assert all(finding.line > 1 for finding in found)


def test_every_rule_is_broken_by_some_test():
    assert {one[0] for one in BREAKS} == set(RULES)


def test_digests_are_asked_for_when_it_is_deployed_alone():
    assert rules_of(GOOD.replace(DIGEST, "")) == [] and rules_of(GOOD.replace(DIGEST, ""), deploy=True)


def test_a_user_and_a_health_check_are_inherited_from_the_stage_below():
    text = GOOD.replace("FROM serving AS server", "FROM serving AS middle\n\nFROM middle AS server")
    assert broken(text, CONTEXT, deploy=True) == []


def test_lines_that_go_on_are_one_instruction_at_its_first_line():
    found = instructions('RUN a \\\n  # between\n  b\n\nCMD ["c"]\n')
    assert [(one.word, one.text, one.line) for one in found] == [("RUN", "a b", 1), ("CMD", '["c"]', 5)]


def test_a_file_without_a_stage_is_no_container_file():
    assert rules_of("") == ["stages"]
