"""``deploy/images.lock``: images of others, pinned by digest; one without a digest is never deployed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, RootModel

from deploy.manifest import ROOT, Manifest, checked, read_yaml
from gongbang.artifacts.files import write_text
from gongbang.artifacts.store import nearest
from gongbang.errors import DataError, OptionError

LOCK = "deploy/images.lock"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_CURE = "Fill it in where there is a network, and commit it: python -m deploy pin --engine docker"


class Image(BaseModel):
    """An image by name and tag, and the digest that it had when it was pinned."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    image: str
    digest: str | None

    @property
    def pinned(self) -> bool:
        """Whether the digest is one: 64 hexadecimal digits which are not all alike."""
        return self.digest is not None and _is_digest(self.digest)

    @property
    def reference(self) -> str:
        """How it is named to an engine: by tag and digest, by the tag alone while it is not pinned."""
        return f"{self.image}@{self.digest}" if self.pinned else self.image


class _Lock(RootModel[dict[str, Image]]):
    pass


def _is_digest(text: str) -> bool:
    """A placeholder such as 64 zeros is none."""
    return DIGEST.fullmatch(text) is not None and len(set(text.removeprefix("sha256:"))) > 1


def load_images(root: Path = ROOT) -> dict[str, Image]:
    """The images of a checkout's lock, by name.

    Raises:
        DataError: the file cannot be read, or holds a key that is not known.
    """
    path = root / LOCK
    return checked(_Lock, read_yaml(path, "images by name"), path).root


def image_of(name: str, images: dict[str, Image]) -> Image:
    """The image of a name.

    Raises:
        DataError: the lock does not hold it.
    """
    if name in images:
        return images[name]
    near = nearest(name, images, count=1)
    raise DataError(
        "there is no image of this name.",
        value=name,
        allowed=", ".join(images),
        cure=f"Did you mean '{near[0]}'?" if near else f"Add it to {LOCK}.",
        path=LOCK,
    )


def needed_images(manifest: Manifest) -> list[str]:
    """Names of the images that a manifest needs, bases of builds included."""
    names = {service.image for service in manifest.services.values() if service.image}
    return sorted(names | {manifest.build_of(service).base for service in manifest.ours.values()})


def need_pinned(names: Iterable[str], images: dict[str, Image]) -> None:
    """Refuse to go on while a digest is missing.

    Raises:
        DataError: an image has no digest, or a placeholder in its place.
    """
    for name in names:
        image = image_of(name, images)
        if not image.pinned:
            raise DataError(
                "this image is not pinned, and an image that may change overnight is not deployed.",
                value=f"{image.image}, digest: {image.digest}",
                allowed="sha256: and 64 hexadecimal digits",
                cure=_CURE,
                path=LOCK,
                field=name,
            )


def need_digest(reference: str) -> str:
    """A reference such as ``registry/name@sha256:...``.

    Raises:
        OptionError: it goes by a tag, or by nothing.
    """
    name, _, digest = reference.partition("@")
    if name and _is_digest(digest):
        return reference
    raise OptionError(
        "an image is deployed by its digest.",
        value=reference,
        allowed="NAME@sha256:...",
        cure="Take the digest that the build printed; a tag is moved by whoever pushes next.",
    )


def pin(look_up: Callable[[str], str], root: Path = ROOT, names: Iterable[str] = ()) -> dict[str, str]:
    """Fill in the digests of an image lock, comments and order kept.

    Args:
        look_up: gives the digest that a tag has now, see :meth:`deploy.containers.ContainerEngine.digest_of`.
        root: the checkout.
        names: which ones; all of them when empty.

    Returns:
        The digests that changed, by name.

    Raises:
        DataError: the lock cannot be read, or does not hold a name.
        OptionError: what was looked up is no digest.
    """
    images = load_images(root)
    text, changed = (root / LOCK).read_text(encoding="utf-8"), {}
    for name in names or images:
        image = image_of(name, images)
        digest = look_up(image.image)
        need_digest(f"{image.image}@{digest}")
        if digest != image.digest:
            changed[name] = digest
            entry = rf"(^{re.escape(name)}:\n(?:[ #].*\n)*?  digest: )\S+$"
            text, count = re.subn(entry, rf"\g<1>{digest}", text, flags=re.MULTILINE)
            if count != 1:
                raise DataError(
                    "the digest cannot be put in its place.",
                    value=name,
                    allowed="an entry with the lines '  image: NAME' and '  digest: DIGEST'",
                    cure="Lay the entry out so.",
                    path=LOCK,
                )
    write_text(root / LOCK, text)
    return changed
