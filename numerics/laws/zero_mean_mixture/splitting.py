"""Two centred Gaussians: reverse process of r = |x|^2, exact at every d.

x has drift x (1 + 2 S), S the score over x, so r has drift 2r + 4 r S + 2 d and noise amplitude sqrt(8 r). A datum at t = 0 belongs to a
class with the probability that the law of the data gives it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from regimes.numerics.arrays import FloatArray, TextArray, Values, count_of
from regimes.numerics.laws.zero_mean_mixture.odds import odds
from regimes.numerics.speciation.from_odds import average
from regimes.numerics.speciation.kolmogorov import REACH, Frame, Process
from regimes.numerics.speciation.splitting import OrderParameter, Setting, logistic
from regimes.theory.laws import ZeroMeanMixture
from regimes.theory.model import DataModel
from regimes.theory.params import Param

LENGTH = Param("r", "r", "squared length |x|^2", 0, closed="low", typical=(1.0, 500.0))
ALIKE = "the classes are one and the same law: nothing is chosen"


def setting(model: DataModel, at: Mapping[str, float]) -> Setting:
    law = model.law({p.name: at[p.name] for p in model.params})
    assert isinstance(law, ZeroMeanMixture)
    own = {name: np.array([value]) for name, value in at.items()}
    classes, d = odds(model, own), at["d"]
    swapped = law.sds[0] < law.sds[1]
    wide, narrow = (s**2 for s in sorted(law.sds, reverse=True))
    bias = float(np.log(law.weight / (1 - law.weight))) * (-1 if swapped else 1)

    def widths(t: float) -> tuple[float, float, float]:
        """Variances of the wide and the narrow class now, and the difference of their inverses."""
        fall = np.exp(-2 * t)
        now = [1 + (var - 1) * fall for var in (wide, narrow)]
        return now[0], now[1], (wide - narrow) * fall / (now[0] * now[1])

    def at_origin(t: float) -> float:
        """Log-odds of the wide class at r = 0."""
        above, _, gap = widths(t)
        return bias - d / 2 * float(np.log1p(gap * above))

    def drift(r: FloatArray, t: float) -> FloatArray:
        above, below, gap = widths(t)
        share = logistic(at_origin(t) + r * gap / 2)
        score = -(share / above + (1 - share) / below)
        return np.asarray(2 * r + 4 * r * score + 2 * d)

    def frame(t: float) -> Frame:
        above, below, gap = widths(t)
        origin, scale = at_origin(t), 2 / gap
        # Gamma' = 2 (1 - Gamma): the origin moves by d gap, the gap by -2 gap (1/above + 1/below - 1)
        rate = 2 * scale * (1 / above + 1 / below - 1)
        free = origin > -REACH
        return Frame(-origin * scale, scale, max(origin, -REACH), -origin * rate - d * gap * scale, rate, d * gap if free else 0.0)

    # the origin comes into the range of open log-odds as the classes become alike: log(above/below) = (bias + REACH) 2/d
    ratio = np.exp(2 * (bias + REACH) / d)
    over = (wide - narrow) / (ratio - 1) - narrow + 1 if ratio > 1 else np.inf  # e^{2t} at that time
    free = float(np.log(over) / 2) if over > 1 else 0.0
    process = Process(drift, lambda r, t: np.sqrt(8 * np.maximum(r, 0)), frame, 0.0, logistic, free)
    return Setting(lambda last: process, lambda t, f: average(classes, np.array([t]), own["d"], f), swapped, bias)


def _absent(model: DataModel, values: Values) -> TextArray:
    law = model.law({p.name: values[p.name] for p in model.params})
    assert isinstance(law, ZeroMeanMixture)
    alike = np.broadcast_to(np.asarray(law.sds[0] == law.sds[1]), (count_of(values),))
    return np.where(alike, ALIKE, "").astype(object)


ORDER_PARAMETER = OrderParameter(LENGTH, setting, _absent)
