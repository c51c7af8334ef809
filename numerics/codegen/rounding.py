"""What rounding does to the value of a kernel, measured on any platform: the same source in doubles and in pairs of doubles."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from regimes.numerics.arrays import FloatArray, Pair
from regimes.numerics.codegen.generate import Kernel

__all__ = ["value_and_error"]


def value_and_error(kernel: Kernel, values: Mapping[str, FloatArray], count: int = 1) -> Pair:
    """Values of a kernel, rounded once, with their measured errors.

    Parameters
    ----------
    kernel : Kernel
        A kernel of target "numpy".
    values : name -> (P,) float
        Its arguments; where it has ``alpha`` and that is not given, ``n`` and ``d`` stand for log(n)/d.
    count : int
        Number P of points, of which there is one where a kernel has no arguments.

    Returns
    -------
    Pair
        Values and absolute errors, each (P,). nan with a nan error: there is no root; an infinite error: not determined.
    """
    wide = kernel.namespace().DoubleDouble
    given = {name: wide(value) for name, value in values.items()}
    shape = np.broadcast_shapes((count,), *(np.shape(value) for value in values.values()))
    with np.errstate(all="ignore"):
        if "alpha" in kernel.args and "alpha" not in given:
            given["alpha"] = np.log(given["n"]) / given["d"]
        arguments = [given[name if name in given else name.rstrip("_")] for name in kernel.args]
        fine, spread = kernel.load_with_error()(*arguments)
        value = np.broadcast_to(np.asarray(getattr(fine, "hi", fine)), shape)
        # The factor is for what both precisions share.
        error = np.where(np.isinf(spread), np.inf, 4 * np.abs(spread) + np.abs(value) * 2.0**-53)
        return Pair(value, np.broadcast_to(error, shape))
