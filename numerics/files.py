"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any


def write_whole(path: Path, content: str | bytes) -> None:
    """Put `content` (text as UTF-8) into the file at `path`; a reader finds the old content or the new, never a part."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode("utf-8"))
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:  # also on Ctrl-C: the unfinished file must go
        os.unlink(temporary)
        raise


def save_arrays(file: IO[bytes], arrays: Mapping[str, Any], *, compressed: bool = False) -> None:
    """Write an .npz; the same arrays give the same bytes.

    Raises
    ------
    TypeError
        An array of objects: to read it back would run code. (NumPy itself refuses it from 2.2 on, with an argument of its own.)
    """
    import numpy as np

    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"{name} holds objects, not numbers or text")
    (np.savez_compressed if compressed else np.savez)(file, **arrays)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
