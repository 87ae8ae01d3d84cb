"""Write the console's third-party assets anew: `python scripts/vendor.py`, with npm. Each is taken from its npm package.

`static/vendor/manifest.json` says what there is; a test holds every file to it.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

VENDOR = Path(__file__).parents[1] / "src" / "switchhook" / "console" / "static" / "vendor"
FILES = {
    "htmx.min.js": ("htmx.org@2", "dist/htmx.min.js"),
    "sse.min.js": ("htmx-ext-sse@2", "dist/sse.min.js"),
    "pico.min.css": ("@picocss/pico@2", "css/pico.min.css"),
}
"""Files to their package, with the range that a newer one is taken from, and their place in it."""
LICENCES = {
    "htmx.org": "0BSD",
    "htmx-ext-sse": "0BSD",
    "@picocss/pico": "MIT",
    "lucide-static": "ISC",
}
"""As each package's file LICENSE says; not every package.json does."""
ICONS = "lucide-static@1"
NAMES = """\
activity arrow-down arrow-up book-open bug check chevron-down chevron-left chevron-right circle-alert circle-check
circle-help circle-x clock copy download ellipsis-vertical external-link file-text flask-conical git-branch hash house
inbox info key list log-out menu network pause pencil phone phone-call phone-forwarded phone-incoming phone-missed
phone-off phone-outgoing play plus radio refresh-cw save search send settings shield square table trash-2
triangle-alert undo-2 upload user users voicemail volume-2 webhook x
"""
"""The icons that pages may show; one file has them all."""


def main() -> None:
    """Take each file from its package."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    manifest: list[dict[str, str]] = []
    roots: list[Path] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (package, path) in FILES.items():
            root = _unpacked(package, Path(folder))
            roots.append(root)
            (VENDOR / name).write_bytes((root / path).read_bytes())
            manifest.append(_entry(name, root))
        root = _unpacked(ICONS, Path(folder))
        roots.append(root)
        icons = {name: _drawn(root / "icons" / f"{name}.svg") for name in NAMES.split()}
        (VENDOR / "lucide.json").write_text(json.dumps(icons, indent=1) + "\n", encoding="utf-8")
        manifest.append(_entry("lucide.json", root))
        texts = [f"{one['name']} {one['version']} ({one['file']})\n\n" for one in manifest]
        texts = [said + _licence(root) for said, root in zip(texts, roots, strict=True)]
        (VENDOR / "LICENCES.txt").write_text("\n\n".join(texts), encoding="utf-8")
    (VENDOR / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _unpacked(package: str, folder: Path) -> Path:
    """Fetch a package and return where its files are."""
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder), package]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    archive = folder / done.stdout.split()[-1]
    root = folder / archive.stem
    with tarfile.open(archive) as tar:
        tar.extractall(root, filter="data")
    return root / "package"


def _drawn(file: Path) -> str:
    """Return what is inside an icon's svg element."""
    inner = re.search(r"<svg[^>]*>(.*)</svg>", file.read_text(encoding="utf-8"), re.DOTALL)
    if inner is None:
        raise ValueError(f"{file} has no svg element")
    return " ".join(inner[1].split())


def _licence(root: Path) -> str:
    """Return the text that a package wants to go along with it."""
    file = next(one for one in root.iterdir() if one.name.upper().startswith("LICENSE"))
    return file.read_text(encoding="utf-8")


def _entry(name: str, root: Path) -> dict[str, str]:
    package = json.loads((root / "package.json").read_text(encoding="utf-8"))
    return {
        "file": name,
        "name": package["name"],
        "version": package["version"],
        "licence": LICENCES[package["name"]],
        "sha256": hashlib.sha256((VENDOR / name).read_bytes()).hexdigest(),
    }


if __name__ == "__main__":
    main()
