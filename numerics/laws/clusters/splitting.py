"""Two Gaussian clusters: reverse process of q = m.x/sqrt(d), exact at every d; drift and noise amplitude are the derived formulas.

A datum at t = 0 belongs to a class with the probability that the law of the data gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from regimes.numerics.arrays import FloatArray, TextArray, Values, count_of, texts
from regimes.numerics.codegen.compiled import Compiled, compiled
from regimes.numerics.laws.clusters.odds import odds
from regimes.numerics.speciation.from_odds import average
from regimes.numerics.speciation.kolmogorov import REACH, Frame, Process
from regimes.numerics.speciation.splitting import OrderParameter, Setting, logistic
from regimes.theory.laws import GaussianClusters
from regimes.theory.model import DataModel
from regimes.theory.params import DIMENSION, OVERLAP, TIME


def _fields(model: DataModel) -> dict[str, Compiled]:
    """Drift and noise amplitude, compiled from the derivation."""

    def build() -> dict[str, tuple[list[Any], Any]]:
        from regimes.theory.derive import derive

        proof = derive(model, "speciation")
        args = [p.symbol for p in (*model.params, DIMENSION, OVERLAP, TIME)]
        found = {name: proof[name] for name in ("overlap_drift", "overlap_noise")}
        for symbol, meaning in reversed(list(proof.definitions.items())):
            found = {name: expr.subs(symbol, meaning) for name, expr in found.items()}
        return {name: ([a for a in args if a in expr.free_symbols], expr) for name, expr in found.items()}

    return compiled(model, "overlap", build)


def setting(model: DataModel, at: Mapping[str, float]) -> Setting:
    law = model.law({p.name: at[p.name] for p in model.params})
    assert isinstance(law, GaussianClusters)
    own = {name: np.array([value]) for name, value in at.items()}
    classes, d = odds(model, own), own["d"]
    weight, excess = float(law.weights[0]), float(law.sd) ** 2 - 1
    bias = float(np.log(weight / (1 - weight)))
    fields = _fields(model)

    def field(name: str) -> Callable[[FloatArray, float], FloatArray]:
        run = fields[name]
        return lambda q, t: np.broadcast_to(run(*({**at, "q": q, "t": t}[a] for a in run.args)), q.shape)

    def frame(t: float) -> Frame:
        # xi = bias + 2 sqrt(d) e^{-t} q/Gamma
        grown, fallen, unit = np.exp(t), excess * np.exp(-t), 2 * np.sqrt(at["d"])
        scale, rate = (grown + fallen) / unit, (grown - fallen) / unit
        return Frame(-bias * scale, scale, -REACH, -bias * rate, rate, 0.0)

    process = Process(field("overlap_drift"), field("overlap_noise"), frame, 0.0, logistic)
    return Setting(lambda last: process, lambda t, f: average(classes, np.array([t]), d, f), False, bias)


def _absent(model: DataModel, values: Values) -> TextArray:
    del model
    return texts(count_of(values))


ORDER_PARAMETER = OrderParameter(OVERLAP, setting, _absent)
