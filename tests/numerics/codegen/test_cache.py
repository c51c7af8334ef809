"""The kernel cache: found without SymPy, never trusted when damaged, never in the way."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from regimes.numerics.codegen import cache
from regimes.numerics.codegen.cache import cache_folder, cached_kernel
from regimes.numerics.codegen.generate import Kernel

SOURCE = "def f(x):\n    return x + 1\n\ndef f_with_error(x):\n    return x + 1, 0\n"
KERNEL = Kernel("f", ("x",), "numpy", SOURCE, "key", "plus one")
LABEL = ("model", "quantity", "method", "numpy")


class Builder:
    """Builds KERNEL and counts."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> Kernel:
        self.calls += 1
        return KERNEL


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REGIMES_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_second_call_reads_the_same_kernel_from_disk(folder: Path) -> None:
    build = Builder()
    assert cached_kernel(LABEL, build) == cached_kernel(LABEL, build) == KERNEL
    assert build.calls == 1
    assert KERNEL.load()(1) == 2
    assert folder.stat().st_mode & 0o777 == 0o700 and len(list(folder.iterdir())) == 1


def test_label_code_and_extra_files_decide_the_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build, model = Builder(), tmp_path / "model.py"
    model.write_text("1")
    cached_kernel(LABEL, build)
    cached_kernel((*LABEL[:3], "mpmath"), build)
    cached_kernel(LABEL, build, extra=[model])
    model.write_text("2")
    cached_kernel(LABEL, build, extra=[model])
    monkeypatch.setattr(cache, "fingerprint", lambda: "other code")
    cached_kernel(LABEL, build)
    assert build.calls == 5


@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b[:-1],
        lambda b: b"",
        lambda b: b[: len(b) // 2],
        lambda b: b.replace(b"x + 1", b"x + 2"),
        lambda b: b"\xff" + b,
        lambda b: b + b" ",
    ],
)
def test_damaged_entries_are_built_again(damage: Callable[..., Any], folder: Path) -> None:
    build = Builder()
    cached_kernel(LABEL, build)
    (entry,) = folder.iterdir()
    entry.write_bytes(damage(entry.read_bytes()))
    assert cached_kernel(LABEL, build) == KERNEL
    assert build.calls == 2
    assert cached_kernel(LABEL, build) == KERNEL and build.calls == 2


def test_folder_that_others_may_write_to_is_not_trusted(folder: Path) -> None:
    build = Builder()
    cached_kernel(LABEL, build)
    folder.chmod(0o777)
    cached_kernel(LABEL, build)
    assert build.calls == 2


def test_unusable_folder_means_building_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A plain file where the folder should be refuses every user, also one whom permissions do not bind.
    (tmp_path / "file").write_text("")
    build = Builder()
    for place in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/nowhere")):
        monkeypatch.setenv("REGIMES_CACHE", str(place))
        assert cached_kernel(LABEL, build) == KERNEL
    assert build.calls == 3


def test_read_only_folder_means_building_each_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("read-only file system")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    build = Builder()
    assert cached_kernel(LABEL, build) == cached_kernel(LABEL, build) == KERNEL
    assert build.calls == 2


def test_racing_writers_and_readers_see_whole_entries(folder: Path) -> None:
    build = Builder()

    def work(_: int) -> bool:
        for entry in folder.glob("*.kernel"):
            entry.unlink(missing_ok=True)
        return cached_kernel(LABEL, build) == KERNEL

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(200)))
    assert not [p for p in folder.iterdir() if not p.name.endswith(".kernel")]


def test_racing_processes_see_whole_entries(folder: Path) -> None:
    script = (
        "from regimes.numerics.codegen.cache import cached_kernel\nfrom regimes.numerics.codegen.generate import Kernel\n"
        "k = Kernel('f', ('x',), 'numpy', 'def f(x): return x\\n' * 20000, 'key')\n"
        "for i in range(30):\n    assert cached_kernel((str(i % 3),), lambda: k) == k\n"
    )
    racers = [subprocess.Popen([sys.executable, "-c", script], env={**os.environ, "REGIMES_CACHE": str(folder)}) for _ in range(3)]
    assert [r.wait(60) for r in racers] == [0, 0, 0]


def test_places_follow_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("REGIMES_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "regimes"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "regimes"


def test_a_warm_cache_computes_without_importing_sympy_or_scipy(folder: Path) -> None:
    script = """
import sys
from regimes.numerics.codegen.cache import cached_kernel

def build():
    import sympy as sp
    from regimes.numerics.codegen.generate import generate
    from regimes.theory.symbolic.averages import LargestRoot, NormalAverage
    a, x, z = sp.symbols("a x z", positive=True)
    return generate("f", [a], LargestRoot(NormalAverage(sp.sech(x * z), z) - a, x, 0, sp.oo), target="numpy")

value, error = cached_kernel(("test", "f", "", "numpy"), build).load_with_error()(0.5)
print(repr(float(value)), "sympy" in sys.modules, "scipy" in sys.modules)
"""
    env = {**os.environ, "REGIMES_CACHE": str(folder)}
    cold, warm = (
        subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, timeout=60, check=True).stdout.split()
        for _ in range(2)
    )
    assert cold[0] == warm[0] and cold[1] == "True" and warm[1:] == ["False", "False"]
