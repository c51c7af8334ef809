"""What theory says: predictions and checked derivations, computed in worker processes.

A claim is plain JSON. A worker finds the model by its name, so that is for models that every process of this program finds. Answers
are kept beside the batches, under a key that holds the claim and all the source it can depend on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from regimes.numerics.estimate import Estimate
from regimes.terminal import Callback
from regimes.theory.errors import RegimesError
from regimes.theory.model import DataModel, all_models
from regimes.validate.runs.experiment import versions
from regimes.validate.runs.store import Job, compute, load

Said = dict[str, NDArray[Any]]
"""An answer: arrays by name."""

Predict = Callable[..., Estimate]
"""A theory: called as `regimes.numerics.predict.predict`."""


class Claim(NamedTuple):
    """One question to the theory.

    Attributes
    ----------
    what : str
        For the progress of a run.
    model : str
        Name of the model.
    quantity : str
        What is predicted, or the kind of a derivation.
    parameters : mapping
        Of a prediction: numbers, words and lists of numbers; of a derivation whether it is checked.
    derivation : bool
        Whether it is a derivation.
    """

    what: str
    model: str
    quantity: str
    parameters: Mapping[str, Any]
    derivation: bool = False

    @property
    def request(self) -> str:
        """The claim as canonical JSON."""
        return json.dumps({"claim": self._asdict()}, sort_keys=True, separators=(",", ":"))

    @property
    def key(self) -> str:
        """Name of its file."""
        return f"{self.quantity}-{hashlib.sha256(f'{self.request}{theory()}'.encode()).hexdigest()[:16]}"


@cache
def theory() -> str:
    """Digest of the source of theory and numerics, and what it runs on."""
    digest = hashlib.sha256(versions().encode())
    for layer in ("theory", "numerics"):
        root = (Path(__file__).parents[2] / layer).resolve()
        for path in sorted(root.rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def _elsewhere(model: DataModel) -> bool:
    """Whether a worker process has this model too: it is one of this package's own, found by its name."""
    return type(model).__module__.startswith("regimes.") and all_models().get(model.name) is model


def answered(
    claims: Sequence[Claim],
    models: Mapping[str, DataModel],
    predict: Predict | None,
    folder: Path,
    workers: int | None,
    progress: Callback,
) -> list[Said]:
    """Answers of all claims, in their order.

    Parameters
    ----------
    claims : sequence of Claim
    models : mapping
        The models by their names. One that a worker does not have is asked in this process.
    predict : callable
        A theory in place of the program's own; it is asked in this process.
    folder : Path
        Where answers are kept.
    workers : int
        Number of processes; it does not change the answers.
    progress : callable
        Called after every claim.
    """
    found: dict[int, Said] = {}
    here = [k for k, claim in enumerate(claims) if predict is not None or not _elsewhere(models[claim.model])]
    there = {k: folder / f"{claim.key}.npz" for k, claim in enumerate(claims) if k not in here}
    if there:
        folder.mkdir(parents=True, exist_ok=True)
    missing = {path: Job(claims[k].what, claims[k].request, path) for k, path in there.items() if load(path) is None}
    done = len(there) - len(missing)
    compute(list(missing.values()), workers, lambda what, number, _: progress(what, done + number, len(claims)), total=len(missing))
    for k, path in there.items():
        arrays = load(path)
        if arrays is None:
            raise RegimesError(f"{path} is missing or damaged; run the same command again")
        found[k] = arrays
    for k in here:
        found[k] = answer(claims[k], models[claims[k].model], predict)
        progress(claims[k].what, len(found), len(claims))
    return [found[k] for k in range(len(claims))]


def answer(claim: Claim, model: DataModel | None = None, predict: Predict | None = None) -> Said:
    """Predict, or derive; a prediction gives value, error, status and reason, a derivation its HTML and how many steps fail."""
    asked = all_models()[claim.model] if model is None else model
    if claim.derivation:
        return _derived(asked, claim)
    from regimes.numerics.predict import predict as own

    theirs: Predict = predict or own
    said = theirs(asked, claim.quantity, **{name: np.asarray(v) if isinstance(v, list) else v for name, v in claim.parameters.items()})
    return {name: np.asarray(getattr(said, name)) for name in ("value", "error", "status", "reason")}


def _derived(model: DataModel, claim: Claim) -> Said:
    from regimes.theory.derive import derive
    from regimes.theory.errors import DerivationError

    try:
        derivation = derive(model, claim.quantity)
    except DerivationError:  # the model has no such derivation
        return {"exists": np.array(False)}
    if claim.parameters["checked"]:
        derivation = derivation.verify()
    html = np.array(derivation.render("html", fragment=True))
    return {"exists": np.array(True), "failures": np.array(len(derivation.failures)), "html": html}
