"""Relative links in Markdown files that lead nowhere."""

from __future__ import annotations

import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
HTML = re.compile(r"<(?:img|a)\b[^>]*?\b(?:src|href)=\"([^\"]+)\"")
REFERENCE = re.compile(r"^\[[^\]]+\]:\s+(\S+)", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
OUTSIDE = re.compile(r"^[a-z][a-z0-9+.-]*:|^//")


def markdown_files(root: Path) -> list[Path]:
    """The Markdown files that git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    return [root / name for name in listed.splitlines() if (root / name).exists()]


def links(text: str) -> Iterator[str]:
    """Targets of links and pictures, code left out."""
    plain = CODE.sub("", FENCE.sub("", text))
    for pattern in (LINK, HTML, REFERENCE):
        yield from pattern.findall(plain)


def anchors(text: str) -> set[str]:
    """The names that headings get on a code host."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6}\s+(.+?)\s*#*$", FENCE.sub("", text), re.MULTILINE):
        words = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        kept = "".join(c for c in words if c in " -_" or unicodedata.category(c)[0] in "LN")
        found.add(kept.replace(" ", "-"))
    return found | set(re.findall(r"<a\s+(?:id|name)=\"([^\"]+)\"", text))


def has_anchor(target: Path, anchor: str) -> bool:
    """Whether a Markdown file has the heading; other files are not looked into."""
    return target.suffix != ".md" or anchor.lower() in anchors(target.read_text())


def dead_links(file: Path) -> Iterator[str]:
    """Links of one file whose target is missing, or whose target has no such heading."""
    for link in links(file.read_text()):
        if OUTSIDE.match(link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (file.parent / path) if path else file
        if not target.exists() or (anchor and not has_anchor(target, anchor)):
            yield link


def main(root: Path = ROOT) -> int:
    """Print every dead link; 1 if there is one."""
    files = markdown_files(root)
    wrong = [f"{file.relative_to(root)}: {link} leads nowhere" for file in files for link in dead_links(file)]
    for line in wrong:
        print(line)
    print(f"links: {len(files)} Markdown files, {len(wrong)} dead links")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
