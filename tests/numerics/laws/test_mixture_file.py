"""A file that describes a mixture of Gaussian clusters means what it says, or is refused in one line."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp

from regimes.numerics.laws.mixture.model_file import MOST_CLUSTERS, MOST_IN_FORMULAS
from regimes.numerics.laws.mixture.odds import odds
from regimes.numerics.model_files.reader import get_model, read_model
from regimes.theory.errors import DomainError, InputError
from regimes.theory.laws import Mixture
from regimes.theory.model import DataModel

HEAD = '[model]\nname = "three"\nkind = "mixture"\n[mixture]\n'
THIRDS = 'weights = ["1/3", "1/3", "1/3"]\n'
RHO = "[parameters.rho]\nlow = -1\nhigh = 1\nclosed = 'both'\ntypical = [-0.4, 0.9]\n"


@pytest.fixture
def read(tmp_path: Path) -> Any:
    """Reads the model that a text describes."""

    def run(text: str) -> DataModel:
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return read_model(path)

    return run


def products(law: Any) -> Any:
    """Gram matrix of the centres of a law in numbers."""
    centres = np.array([[float(x) for x in c.centre] for c in law.clusters])
    return centres @ centres.T


def test_means_weights_and_widths_are_those_of_the_file(read: Any) -> None:
    model = read(HEAD + "weights = [0.25, 0.75]\nmeans = [[1, 0.5], [-1, 0]]\nsds = [0.5, 2]\n")
    assert (model.name, model.family, model.params, model.class_count) == ("three", "mixture", (), 2)
    law = model.law({})
    assert isinstance(law, Mixture)
    assert [float(c.weight) for c in law.clusters] == [0.25, 0.75]
    assert [tuple(map(float, c.centre)) for c in law.clusters] == [(1, 0.5), (-1, 0)]
    assert [(float(c.sd), float(c.cost)) for c in law.clusters] == [(0.5, 0), (2, 0)]


def test_a_gram_matrix_has_means_with_its_products(read: Any) -> None:
    gram = [[2.0, 1.0, 0.5], [1.0, 1.5, 0.3], [0.5, 0.3, 1.0]]
    law = read(HEAD + THIRDS + f"gram = {gram}\nsd = 1\n").law({})
    assert law.rank == 3
    assert products(law) == pytest.approx(np.array(gram), abs=1e-15)
    assert not any(isinstance(x, float) or sp.sympify(x).atoms(sp.Float) for c in law.clusters for x in c.centre)


def test_means_span_no_more_directions_than_the_gram_matrix_has_rank(read: Any) -> None:
    """A triangle given with six digits lies in a plane, so that two dimensions hold it."""
    law = read(HEAD + THIRDS + "gram = [[1, -0.5, -0.5], [-0.5, 1, -0.5], [-0.5, -0.5, 1]]\nsd = 1\n").law({})
    assert law.rank == 2
    flat = read(HEAD + "weights = [0.5, 0.5]\ngram = [[0, 0], [0, 0]]\nsds = [1, 2]\n").law({})
    assert (flat.rank, [c.centre for c in flat.clusters]) == (1, [(0,), (0,)])


def test_a_file_of_the_simplex_is_the_shipped_simplex(read: Any) -> None:
    mine = read(HEAD + THIRDS + "gram = [[1, -0.5, -0.5], [-0.5, 1, -0.5], [-0.5, -0.5, 1]]\nsd = 1\n")
    shipped = get_model("mixture", kind="simplex")
    t, d = np.array([0.5, 2.0, 3.0]), np.array([2.0, 100.0, 300.0])
    ours = odds(mine, {"": np.zeros(3)}).moments(t, d)
    theirs = odds(shipped, {"mu": np.ones(3), "sigma": np.ones(3)}).moments(t, d)
    assert ours.value == pytest.approx(theirs.value, rel=1e-13)


def test_parameters_may_stand_in_every_list(read: Any) -> None:
    text = HEAD + 'weights = ["w", "1 - w", 2]\nmeans = [["mu_a", 0], [0, "mu_a/2"], [0, 0]]\nsds = [1, "b", 1]\ncosts = [0, 0, "b/4"]\n'
    model = read(text + "".join(f"[parameters.{p}]\nlow = 0\nhigh = {high}\n" for p, high in (("w", 1), ("mu_a", 4), ("b", 2))))
    law = model.law({"w": np.array([0.2, 0.3]), "mu_a": np.array([1.0, 3.0]), "b": np.array([0.5, 1.5])})
    assert law.clusters[1].weight == pytest.approx([0.8, 0.7])
    assert law.clusters[1].centre[1] == pytest.approx([0.5, 1.5])
    assert law.clusters[2].cost == pytest.approx([0.125, 0.375])
    one = model.law({"w": 0.2, "mu_a": 1.0, "b": 0.5})
    assert [float(c.sd) for c in one.clusters] == [1, 0.5, 1]
    w, mu = (p.symbol for p in model.params[:2])
    symbolic = model.symbolic_law()
    assert (symbolic.clusters[1].weight, symbolic.clusters[1].centre) == (1 - w, (0, mu / 2))


def test_a_gram_matrix_with_a_parameter_keeps_its_products_where_its_rank_falls(read: Any) -> None:
    model = read(HEAD + 'weights = [0.5, 0.5]\ngram = [[1, "rho"], ["rho", 1]]\nsd = 1\n' + RHO)
    for rho in (-1.0, -0.3, 0.0, 1.0):
        assert products(model.law({"rho": rho})) == pytest.approx(np.array([[1, rho], [rho, 1]]), abs=1e-14)
    both = odds(model, {"rho": np.array([-1.0, 0.5])}).moments(np.ones(2), np.full(2, 10.0)).value[:, 0, 1, 0]
    decay, gamma = np.exp(-2.0), 1.0  # sd 1 stays 1
    assert both == pytest.approx(10 * (2 - 2 * np.array([-1.0, 0.5])) * decay / (2 * gamma), rel=1e-13)
    symbol = model.params[0].symbol
    symbolic = sp.Matrix([c.centre for c in model.symbolic_law().clusters])
    assert (symbolic * symbolic.T).applyfunc(sp.simplify) == sp.Matrix([[1, symbol], [symbol, 1]])


def test_a_gram_matrix_that_is_none_at_a_value_is_refused_there(read: Any) -> None:
    text = HEAD + 'weights = [0.5, 0.5]\ngram = [[1, "rho"], ["rho", 1]]\nsd = 1\n' + RHO.replace("high = 1\n", "high = 3\n")
    with pytest.raises(DomainError, match="eigenvalue -1"):
        read(text).law({"rho": 2.0})


def test_a_large_mixture_is_read_at_once(read: Any) -> None:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(MOST_CLUSTERS, 5)).round(4)
    gram = (rows @ rows.T).round(12).tolist()
    weights = ", ".join([f'"1/{MOST_CLUSTERS}"'] * MOST_CLUSTERS)
    lines = ",\n".join(map(str, gram))
    began = time.process_time()
    law = read(HEAD + f"weights = [{weights}]\ngram = [{lines}]\nsd = 1\n").law({})
    assert time.process_time() - began < 3
    assert law.rank == 5
    assert products(law) == pytest.approx(np.array(gram), abs=1e-9)


TWO = "weights = [0.5, 0.5]\n"
MISTAKES: dict[str, tuple[str, str]] = {
    "no table": ('[model]\nname = "three"\nkind = "mixture"\n', "the table [mixture] is missing"),
    "no weights": (HEAD + "means = [[1], [-1]]\nsd = 1\n", "weights is missing in [mixture]"),
    "no means": (HEAD + TWO + "sd = 1\n", "neither gram and means"),
    "both": (HEAD + TWO + "means = [[1], [-1]]\ngram = [[1, 0], [0, 1]]\nsd = 1\n", "both gram and means"),
    "no sd": (HEAD + TWO + "means = [[1], [-1]]\n", "neither sd and sds"),
    "misspelt": (HEAD + TWO + "mean = [[1], [-1]]\nsd = 1\n", "unknown key 'mean' in [mixture]; did you mean means"),
    "one cluster": (HEAD + "weights = [1]\nmeans = [[1]]\nsd = 1\n", "2 to 32 clusters"),
    "weights no list": (HEAD + "weights = 1\nmeans = [[1]]\nsd = 1\n", "mixture.weights has to be a list"),
    "rows missing": (HEAD + TWO + "means = [[1]]\nsd = 1\n", "a list of 2 rows"),
    "rows of two lengths": (HEAD + TWO + "means = [[1, 0], [1]]\nsd = 1\n", "2 rows of one length"),
    "row no list": (HEAD + TWO + "means = [1, 2]\nsd = 1\n", "2 rows of one length"),
    "empty rows": (HEAD + TWO + "means = [[], []]\nsd = 1\n", "2 rows of one length"),
    "gram not square": (HEAD + TWO + "gram = [[1], [1]]\nsd = 1\n", "2 rows of 2"),
    "not symmetric": (HEAD + TWO + "gram = [[1, 0.5], [0.4, 1]]\nsd = 1\n", "not symmetric: "),
    "not semidefinite": (HEAD + TWO + "gram = [[1, 2], [2, 1]]\nsd = 1\n", "not positive semidefinite"),
    "negative length": (HEAD + TWO + "gram = [[-1, 0], [0, 1]]\nsd = 1\n", "not positive semidefinite"),
    "no length but a product": (HEAD + TWO + "gram = [[0, 1], [1, 1]]\nsd = 1\n", "not positive semidefinite"),
    "not semidefinite somewhere": (HEAD + TWO + 'gram = [[1, "2*rho"], ["2*rho", 1]]\nsd = 1\n' + RHO, "has the eigenvalue"),
    "weights of 0.9": (HEAD + "weights = [0.5, 0.4]\nmeans = [[1], [-1]]\nsd = 1\n", "they sum to 0.9"),
    "negative weight": (HEAD + "weights = [1.5, -0.5]\nmeans = [[1], [-1]]\nsd = 1\n", "-0.5 is no weight"),
    "weights somewhere": (HEAD + 'weights = ["rho", "1 - rho"]\nmeans = [[1], [-1]]\nsd = 1\n' + RHO, "-0.4 at rho=-0.4 is no weight"),
    "all rare": (HEAD + TWO + "means = [[1], [-1]]\nsd = 1\ncosts = [1, 1]\n", "they sum to 0"),
    "sd zero": (HEAD + TWO + "means = [[1], [-1]]\nsds = [1, 0]\n", "has to be positive"),
    "cost negative": (HEAD + TWO + "means = [[1], [-1]]\nsd = 1\ncosts = [0, -1]\n", "has to be zero or positive"),
    "sds of another length": (HEAD + TWO + "means = [[1], [-1]]\nsds = [1]\n", "mixture.sds has to be a list of 2"),
    "unknown name": (HEAD + TWO + 'means = [["m"], [-1]]\nsd = 1\n', "mixture.means, column 1: "),
    "infinite": (HEAD + TWO + "means = [[inf], [-1]]\nsd = 1\n", "mixture.means has to be a number"),
    "not real": (HEAD + TWO + 'means = [["sqrt(rho)"], [-1]]\nsd = 1\n' + RHO, "not a real number at rho=-0.4"),
    "code": (HEAD + TWO + "means = [[\"__import__('os')\"], [-1]]\nsd = 1\n", "is no part of a formula"),
    "too many": (HEAD + f"weights = {[1 / 64] * 64}\nmeans = {[[1]] * 64}\nsd = 1\n", "2 to 32 clusters"),
    "too many with parameters": (
        HEAD + f"weights = {[0.125] * 8}\ngram = {[['rho'] * 8] * 8}\nsd = 1\n" + RHO, f"at most {MOST_IN_FORMULAS} clusters",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_what_is_no_mixture_is_refused_in_one_line(name: str, read: Any, tmp_path: Path) -> None:
    text, reason = MISTAKES[name]
    began = time.process_time()
    with pytest.raises(InputError) as caught:
        read(text)
    assert time.process_time() - began < 1
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "mine.toml"))
