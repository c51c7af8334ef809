"""No result depends on a number type that is a double on some platforms."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WIDE_TYPE = re.compile(r"\b(c?longdouble|longfloat|float96|float128|complex256)\b")


def test_no_source_names_a_number_type_that_platforms_disagree_on() -> None:
    files = [p for folder in ("regimes", "theory", "numerics", "validate") for p in sorted((ROOT / folder).rglob("*.py"))]
    assert len(files) > 100
    assert [p.relative_to(ROOT).as_posix() for p in files if WIDE_TYPE.search(p.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("line", ["np.longdouble(1)", "x.astype(np.float128)", "from numpy import clongdouble"])
def test_a_planted_name_is_found(line: str) -> None:
    assert WIDE_TYPE.search(line)


def test_the_plugin_makes_longdouble_a_double_before_anything_is_imported(tmp_path: Path) -> None:
    case = tmp_path / "test_case.py"
    case.write_text(
        "import numpy as np\nfrom regimes.numerics.predict import predict\n\n"
        "def test_case():\n"
        "    assert np.longdouble is np.float64\n"
        "    assert predict('gaussian', 'information', t=[0.5, 1.0]).ok.all()\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "tests.longdouble_is_double", "-p", "no:cacheprovider", str(case)]
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
