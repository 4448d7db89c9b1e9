"""Images of others: a placeholder refuses, and pinning fills in digests alone."""

from __future__ import annotations

import pytest
from deploy.images import LOCK, Image, image_of, load_images, need_digest, need_pinned, needed_images, pin
from deploy.manifest import load_manifest

from gongbang.errors import DataError, OptionError

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "placeholder",
    [None, "", "sha256:fill-me-in", "sha256:" + "0" * 64, "sha256:" + "f" * 64, DIGEST[:-1], DIGEST.upper()],
)
def test_a_placeholder_is_refused(placeholder):
    images = {"python": Image(image="docker.io/library/python:3.11", digest=placeholder)}
    with pytest.raises(DataError, match="not pinned") as caught:
        need_pinned(["python"], images)
    assert caught.value.field == "python" and "deploy pin" in caught.value.cure
    assert images["python"].reference == "docker.io/library/python:3.11"


def test_a_digest_is_let_through_and_named_with_its_tag():
    images = {"python": Image(image="docker.io/library/python:3.11", digest=DIGEST)}
    need_pinned(["python"], images)
    assert images["python"].reference == f"docker.io/library/python:3.11@{DIGEST}"


@pytest.mark.parametrize(
    "reference", ["ghcr.io/us/server:1.0", "server", f"@{DIGEST}", "server@sha256:abc", ""]
)
def test_a_tag_is_no_digest(reference):
    with pytest.raises(OptionError, match="by its digest"):
        need_digest(reference)


def test_all_that_is_needed_is_in_the_lock():
    images = load_images()
    assert needed_images(load_manifest()) == sorted(images)
    with pytest.raises(DataError, match="Did you mean 'python'"):
        image_of("pyton", images)


def test_pinning_fills_in_digests_and_leaves_the_rest(tree):
    lock = tree / LOCK
    before = lock.read_text(encoding="utf-8")
    asked: list[str] = []

    def look_up(image: str) -> str:
        asked.append(image)
        return DIGEST

    assert pin(look_up, tree, ["python"]) == {"python": DIGEST}
    assert lock.read_text(encoding="utf-8") == before.replace("digest: null", f"digest: {DIGEST}", 1)
    assert set(pin(look_up, tree)) == {"postgresql", "rabbitmq"}
    assert lock.read_text(encoding="utf-8") == before.replace("digest: null", f"digest: {DIGEST}")
    assert pin(look_up, tree) == {} and len(asked) == 7
    need_pinned(needed_images(load_manifest(tree)), load_images(tree))


def test_what_was_looked_up_must_be_a_digest(tree):
    before = (tree / LOCK).read_text(encoding="utf-8")
    with pytest.raises(OptionError):
        pin(lambda image: "latest", tree)
    assert (tree / LOCK).read_text(encoding="utf-8") == before
