"""A pytest plugin for the platforms where NumPy's longdouble is a double (Apple silicon, Windows): ``-p tests.longdouble_is_double``.

It makes them the same before anything of this project is imported.
"""

from __future__ import annotations

import numpy as np

np.longdouble = np.float64  # type: ignore[assignment]
np.clongdouble = np.complex128  # type: ignore[assignment]
