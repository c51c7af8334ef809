"""A plugin, ``pytest -p tests.longdouble_is_double``: NumPy's longdouble is double, as on Apple silicon and under Windows."""

from __future__ import annotations

import numpy as np

vars(np)["longdouble"] = np.float64  # before anything of this project is imported
