"""Kernels on disk: found again by label and fingerprint of the code that builds them, without importing SymPy."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from regimes.numerics.files import write_whole

if TYPE_CHECKING:
    from regimes.numerics.codegen.generate import Kernel

__all__ = ["cache_folder", "cached_kernel"]


def cache_folder() -> Path:
    """$REGIMES_CACHE, else $XDG_CACHE_HOME/regimes, else ~/.cache/regimes."""
    own = os.environ.get("REGIMES_CACHE")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "regimes"


def cached_kernel(label: tuple[str, ...], build: Callable[[], Kernel], *, extra: Iterable[Path] = ()) -> Kernel:
    """The kernel that `build()` makes, from disk if it was built before from the same code.

    Parameters
    ----------
    label : tuple
        What the kernel is, for instance (model, quantity, method, target).
    build : callable
        Makes the kernel on a miss; only then is SymPy imported.
    extra : iterable
        Further files that decide the result, such as a user's model.

    A damaged entry is built and written again; where the folder cannot be used, the kernel is built each time.
    """
    parts = [*label, fingerprint(), *(hashlib.sha256(p.read_bytes()).hexdigest() for p in extra)]
    path = cache_folder() / (hashlib.sha256("\0".join(parts).encode()).hexdigest() + ".kernel")
    kernel = read(path)
    if kernel is None:
        kernel = build()
        try:
            store(path, kernel)
        except OSError:  # no room, no permission: the cache is a convenience
            return kernel
    return kernel


@cache
def fingerprint() -> str:
    """SHA-256 over the code of regimes.theory and regimes.numerics and the version of SymPy."""
    from regimes import numerics, theory

    digest = hashlib.sha256(importlib.metadata.version("sympy").encode())
    for package in (theory, numerics):
        for folder in package.__path__:
            for file in sorted(Path(folder).rglob("*.py")):
                digest.update(f"\0{file.relative_to(folder)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def store(path: Path, kernel: Kernel) -> None:
    """Write an entry: a line with the SHA-256 of the rest, then the kernel as JSON."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    body = json.dumps(
        {"name": kernel.name, "args": kernel.args, "target": kernel.target, "key": kernel.key, "doc": kernel.doc, "source": kernel.source}
    )
    write_whole(path, f"{hashlib.sha256(body.encode()).hexdigest()}\n{body}")


def read(path: Path) -> Kernel | None:
    """The kernel of an entry; None if it is missing, damaged, or in a folder that others may write to."""
    from regimes.numerics.codegen.generate import Kernel

    try:
        folder = path.parent.stat()
        if hasattr(os, "getuid") and (folder.st_uid != os.getuid() or folder.st_mode & 0o022):
            return None  # its code would run: trust it only if nobody else could have put it there
        head, _, body = path.read_text("utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    if hashlib.sha256(body.encode()).hexdigest() != head:
        return None
    fields = json.loads(body)
    return Kernel(**{**fields, "args": tuple(fields["args"])})
