"""``.github/workflows/deploy.yaml``: builds from a clean checkout, pushes, and deploys by the digests it got.

No action of anyone else runs in it: what they do here is a few lines of git and docker, and a moved tag of
theirs would run with our token.
"""

from __future__ import annotations

import json

from deploy.containerfile import FILE as CONTAINERFILE
from deploy.locks import wheels_only
from deploy.manifest import BUILD, CORE, Manifest

FILE = ".github/workflows/deploy.yaml"
STATE, SECRETS, PUBLIC = "/var/lib/gongbang-releases", "/etc/gongbang", "http://127.0.0.1:8080"
STUDIO = "http://127.0.0.1:8081"
"""Of the machine that serves: where releases stand, its secret files, and where its proxy listens."""

_TEXT = """\
# Derived from deploy/services.yaml: python -m deploy derive
name: deploy
on:
  push:
    branches: [main]
    paths:
%(paths)s
  workflow_dispatch: {}
permissions: {contents: read}
concurrency: {group: deploy, cancel-in-progress: false}
defaults: {run: {shell: bash}}

jobs:
  build:
    runs-on: ubuntu-24.04
    timeout-minutes: 30
    permissions: {contents: read, packages: write}
    outputs:
%(outputs)s
    steps:
%(checkout)s
      - name: What is built is what was checked in, pinned, and as the manifest says
        env: {PYTHONPATH: src}
        run: '"$RUNNER_TEMP/tools/bin/python" -m deploy check --deploy'
%(login)s
%(builds)s

  deploy:
    needs: build
    runs-on: [self-hosted, %(name)s]
    timeout-minutes: 30
    environment: production
    permissions: {contents: read, packages: read}
    steps:
%(checkout)s
%(login)s
      - name: Beside the old one, tested, then switched
        env:
          PYTHONPATH: src
%(images)s
        run: |
          "$RUNNER_TEMP/tools/bin/python" -m deploy release --engine docker \\
            --state %(state)s --secrets %(secrets)s \\
            --public %(public)s --public studio=%(studio)s \\
%(flags)s
"""
_CHECKOUT = """\
      - name: This commit and nothing else
        env: {TOKEN: "${{ github.token }}"}
        run: |
          git init --quiet .
          export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.extraheader  # not among the words that ps shows
          GIT_CONFIG_VALUE_0="AUTHORIZATION: basic $(printf 'x-access-token:%%s' "$TOKEN" | base64 --wrap=0)"
          export GIT_CONFIG_VALUE_0
          git fetch --quiet --depth 1 "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY" "$GITHUB_SHA"
          git checkout --quiet --force --detach FETCH_HEAD
          git clean --quiet -ffdx
      - name: Tools by the repository's own locks
        run: |
          python3 -m venv --clear "$RUNNER_TEMP/tools"
          "$RUNNER_TEMP/tools/bin/pip" install --quiet --no-deps --only-binary :all: -r %(build)s
          "$RUNNER_TEMP/tools/bin/pip" install --quiet --no-deps --no-build-isolation %(only)s \\
            %(locks)s"""
_LOGIN = """\
      - name: Sign in to the registry
        env: {TOKEN: "${{ github.token }}"}
        run: printf '%s' "$TOKEN" | docker login ghcr.io --username "$GITHUB_ACTOR" --password-stdin"""
_BUILD = """\
      - name: Build %(service)s, under a name of its own
        id: %(service)s
        run: |
          image="ghcr.io/${GITHUB_REPOSITORY,,}/%(service)s:$GITHUB_SHA"
          docker build --file %(file)s --target %(service)s --tag "$image" .
          docker push --quiet "$image"
          echo "image=$(docker inspect --format '{{index .RepoDigests 0}}' "$image")" >> "$GITHUB_OUTPUT\""""


def workflow(manifest: Manifest) -> str:
    """The text of the workflow."""
    paths = ["deploy/**", FILE, ".dockerignore"]
    for build in manifest.building.values():
        paths += [*build.needs, BUILD, *build.locks, *(f"{folder}/**" for folder in build.installs)]
    locks = dict.fromkeys([CORE, *(build.lock for build in manifest.building.values())])
    only = dict.fromkeys(word for build in manifest.building.values() for word in build.from_source)
    names = list(manifest.ours)
    output = "${{ steps.%s.outputs.image }}"
    given = "${{ needs.build.outputs.%s }}"
    return _TEXT % {
        "name": manifest.name,
        "paths": "\n".join(f"      - {json.dumps(path)}" for path in dict.fromkeys(paths)),
        "outputs": "\n".join(f"      {name}: {output % name}" for name in names),
        "checkout": _CHECKOUT
        % {
            "build": BUILD,
            "only": " ".join(wheels_only(only)),
            "locks": " ".join(f"-r {path}" for path in locks),
        },
        "login": _LOGIN,
        "builds": "\n".join(_BUILD % {"service": name, "file": CONTAINERFILE} for name in names),
        "images": "\n".join(f'          {_variable(name)}: "{given % name}"' for name in names),
        "flags": " \\\n".join(f'            --image "{name}=${_variable(name)}"' for name in names),
        "state": STATE,
        "secrets": SECRETS,
        "public": PUBLIC,
        "studio": STUDIO,
    }


def _variable(service: str) -> str:
    return f"IMAGE_{service.upper().replace('-', '_')}"
