"""``python -m deploy``: derive, check, compare, pin, release, go back; exit codes as ``gongbang`` has."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.manifest import ROOT, load_manifest
from gongbang.cli.main import INTERRUPTED, Parser, split_shared
from gongbang.cli.output import emit, note
from gongbang.errors import OptionError

if TYPE_CHECKING:
    from deploy.engine import Engine
    from deploy.manifest import Manifest
    from deploy.release import Shipping


def _derive(args: argparse.Namespace) -> Any:
    from deploy.derive import differences, need_current, write

    if args.check:
        if not args.json:
            print("".join(one.diff for one in differences(args.root)), end="")
        need_current(args.root)
        return emit({"current": True}, args, "every derived file is what the manifest says")
    changed = write(args.root)
    return emit({"changed": changed}, args, "\n".join(changed) or "nothing changed")


def _check(args: argparse.Namespace) -> Any:
    from deploy.containerfile import FILE
    from deploy.derive import need_current
    from deploy.images import load_images, need_pinned, needed_images
    from deploy.lists import compare_checkout, local_files, need_same, unseen
    from deploy.rules import broken

    manifest = load_manifest(args.root)
    need_current(args.root)
    need_same(unseen(args.root, manifest))
    seen = local_files(args.root)
    found = broken((args.root / FILE).read_text(encoding="utf-8"), seen, deploy=args.deploy)
    if found:
        raise OptionError(
            f"{FILE} breaks {len(found)} rule{'s' if len(found) > 1 else ''}.",
            value="; ".join(map(str, found)),
            allowed="a container file that keeps them",
            cure="Mend deploy/containerfile.py or the manifest; digests come from: python -m deploy pin",
        )
    if args.deploy:
        need_pinned(needed_images(manifest), load_images(args.root))
        need_same(compare_checkout(args.root))
    return emit(
        {"files": len(seen), "deploy": args.deploy}, args, f"{len(seen)} files go into a build; all is well"
    )


def _files(args: argparse.Namespace) -> Any:
    from deploy.lists import compare_checkout, compare_wheel, local_files, need_same, unseen

    manifest = load_manifest(args.root)
    seen = local_files(args.root)
    odd = [*unseen(args.root, manifest), *compare_checkout(args.root)]
    if args.wheel is not None:
        for build in manifest.building.values():
            odd += compare_wheel(args.wheel, build, seen)
    if odd and not args.json:
        print("\n".join(f"{one.path}: {one.why}" for one in odd))
    need_same(odd)
    return emit(
        {"files": seen, "odd": [asdict(one) for one in odd]}, args, f"{len(seen)} files, the same everywhere"
    )


def _pin(args: argparse.Namespace) -> Any:
    from deploy.containers import ContainerEngine
    from deploy.derive import write
    from deploy.images import pin

    engine = ContainerEngine(args.root, load_manifest(args.root), Path(), program=args.engine)
    changed = pin(engine.digest_of, args.root, args.names)
    write(args.root)
    return emit(
        {"changed": changed}, args, "\n".join(f"{k}: {v}" for k, v in changed.items()) or "nothing changed"
    )


def _release(args: argparse.Namespace) -> Any:
    done = _shipping(args).release()
    return emit(asdict(done), args, f"{done.id} serves")


def _rollback(args: argparse.Namespace) -> Any:
    done = _shipping(args).rollback()
    return emit(asdict(done), args, f"{done.id} serves again")


def _status(args: argparse.Namespace) -> Any:
    told = _shipping(args).status()
    lines = [
        f"{one['release']}{' serves' if one['serving'] else ''}: {one['alive']}, commit {one['commit']}"
        for one in told
    ]
    return emit(told, args, "\n".join(lines) or "there is no release")


def _shipping(args: argparse.Namespace) -> Shipping:
    from deploy.release import PORTS, Shipping
    from deploy.smoke import load_steps
    from deploy.traffic import Releases, reloader

    secrets: Path = args.secrets
    manifest = load_manifest(args.root)
    for name in dict.fromkeys(name for service in manifest.ours.values() for name in service.secrets):
        if not (secrets / name).is_file():
            raise OptionError(
                "a secret file is missing.",
                value=str(secrets / name),
                allowed=manifest.secrets[name],
                cure="Put it there; docs/deploy.md says how each is made.",
            )
    key = secrets / "smoke.key"
    ports = PORTS if args.ports is None else _ports(args.ports)
    return Shipping(
        args.root,
        manifest,
        _engine(args, manifest),
        Releases(args.state, reloader(shlex.split(args.reload)), _public(args.public, manifest)),
        load_steps(args.smoke),
        key.read_text(encoding="utf-8").strip() if key.is_file() else "",
        secrets,
        lambda words: note(args, words),
        args.dirty,
        ports,
    )


def _engine(args: argparse.Namespace, manifest: Any) -> Engine:
    if args.engine == "process":
        from deploy.processes import ProcessEngine

        data = args.data or args.state / "data"
        data.mkdir(parents=True, exist_ok=True)
        return ProcessEngine(args.root, manifest, args.secrets, data)
    from deploy.containers import ContainerEngine

    pairs = [word.partition("=") for word in args.image]
    for name, _, reference in pairs:
        if name not in manifest.ours or not reference:
            raise OptionError(
                "an image is named for no service of ours.",
                value=f"{name}={reference}",
                allowed=", ".join(f"{one}=NAME@sha256:..." for one in manifest.ours),
                cure="Write SERVICE=NAME@sha256:...",
            )
    images = {one: image for one, _, image in pairs}
    secrets = args.secrets.absolute()
    return ContainerEngine(args.root, manifest, secrets, program=args.engine, images=images)


def _public(words: Sequence[str], manifest: Manifest) -> list[str]:
    """The addresses at the proxy that prove a switch: each service's own health check."""
    from deploy.smoke import SERVER

    found = []
    for word in words:
        name, _, url = word.rpartition("=")
        service = manifest.ours.get(name or SERVER)
        if service is None or service.health.get is None:
            behind = [f"{one}=URL" for one, told in manifest.ours.items() if told.health.get]
            raise OptionError(
                "no such service is behind the proxy.",
                value=word,
                allowed=", ".join(("URL", *behind)),
                cure=f"Write URL for the service '{SERVER}', or SERVICE=URL.",
            )
        found.append(url.rstrip("/") + service.health.get)
    return found


def _ports(text: str) -> range:
    first, _, last = text.partition("-")
    if first.isdecimal() and last.isdecimal() and 1024 <= int(first) <= int(last) <= 65535:
        return range(int(first), int(last) + 1)
    raise OptionError("these are no ports.", value=text, allowed="8101-8199", cure="Leave --ports out.")


def parser() -> Parser:
    """The command line."""
    top = Parser(prog="python -m deploy", description="What is deployed, and how; see docs/deploy.md.")
    top.add_argument("--root", type=Path, default=ROOT, help="the checkout (the one that this lies in)")
    verbs = top.add_subparsers(metavar="VERB", required=True)

    derive = verbs.add_parser("derive", help="write the files that follow from deploy/services.yaml")
    derive.add_argument("--check", action="store_true", help="write nothing; fail where one differs")
    derive.set_defaults(run=_derive)
    check = verbs.add_parser("check", help="derived files, rules for container files, and what a build sees")
    check.add_argument("--deploy", action="store_true", help="digests and a clean checkout too")
    check.set_defaults(run=_check)
    files = verbs.add_parser(
        "files", help="compare what a build sees here with the checkout, and with a wheel"
    )
    files.add_argument("--wheel", type=Path, metavar="FILE", help="a wheel that was built here")
    files.set_defaults(run=_files)
    pin = verbs.add_parser("pin", help="fill in the digests of deploy/images.lock; needs a network")
    pin.add_argument("names", nargs="*", metavar="NAME", help="which images (all)")
    pin.add_argument("--engine", choices=("docker", "podman"), default="docker")
    pin.set_defaults(run=_pin)
    for verb, run, told in (
        ("release", _release, "build, start beside the old one, test, then switch"),
        ("rollback", _rollback, "give the release before the traffic again"),
        ("status", _status, "which releases stand here, and which one serves"),
    ):
        one = verbs.add_parser(verb, help=told)
        one.set_defaults(run=run)
        _ship_arguments(one)
    return top


def _ship_arguments(one: argparse.ArgumentParser) -> None:
    one.add_argument("--engine", choices=("docker", "podman", "process"), default="docker")
    one.add_argument("--state", type=Path, required=True, metavar="DIR", help="the folder of releases")
    one.add_argument("--secrets", type=Path, required=True, metavar="DIR", help="the folder of secret files")
    one.add_argument("--data", type=Path, metavar="DIR", help="what lasts, for processes (data in --state)")
    one.add_argument("--smoke", type=Path, metavar="FILE", help="the smoke test (deploy/smoke.yaml)")
    one.add_argument(
        "--public",
        action="append",
        default=[],
        metavar="[SERVICE=]URL",
        help="the proxy, at which a switch is proved; studio=URL for that one",
    )
    one.add_argument(
        "--reload", default="nginx -s reload", metavar="COMMAND", help='"" where there is no proxy'
    )
    one.add_argument(
        "--image", action="append", default=[], metavar="SERVICE=NAME@sha256:...", help="built elsewhere"
    )
    one.add_argument("--ports", metavar="A-B", help="where releases listen (8101-8199)")
    one.add_argument("--dirty", action="store_true", help="let through what is not committed, for trying out")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code: 0 done, 2 the user can mend it, 1 a fault of ours."""
    words, shared = split_shared(sys.argv[1:] if argv is None else list(argv))
    try:
        args = parser().parse_args(words)
        for name, given in shared.items():
            setattr(args, name, given)
        args.run(args)
    except SystemExit as end:  # --help
        return end.code if isinstance(end.code, int) else 0
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as err:
        from gongbang.cli.faults import report

        return report(err, json=shared["json"], debug=shared["debug"])
    return 0


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt  # a release that is told to end withdraws what it began


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(main())
