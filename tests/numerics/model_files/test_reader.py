"""A model file says what it means, is a law or is refused, and can do no harm."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import sympy as sp

from regimes.numerics.laws.spectrum.model_file import MOST_EIGENVALUES
from regimes.numerics.model_files.reader import choose_model, get_model, read_model, read_numbers
from regimes.theory.errors import InputError, MissingParameterError, RegimesError, UnknownNameError
from regimes.theory.laws import GaussianSpectrum, Product
from regimes.theory.model import DataModel

HEAD = '[model]\nname = "spike"\nkind = "product"\n'
RHO = "[parameters.rho]\nlow = 0.0\nhigh = 1.0\ntypical = [0.1, 0.9]\n"
LAPLACE = HEAD + '[prior]\ndensity = "exp(-Abs(a)*sqrt(2))/sqrt(2)"\nsupport = [-inf, inf]\n'
SPECTRUM = '[model]\nname = "bulk"\nkind = "spectrum"\n'


def prior(density: str, support: str = "[-inf, inf]", more: str = "", params: str = "") -> str:
    return f'{HEAD}[prior]\ndensity = "{density}"\nsupport = {support}\n{more}\n{params}'


@pytest.fixture
def read(tmp_path: Path) -> Any:
    """Reads the model that a text describes."""

    def run(text: str | bytes, name: str = "mine.toml") -> DataModel:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_model(path)

    return run


def moments(law: Product) -> list[float]:
    """Integrals of 1, a, a^2 by mpmath from the law's own statement."""
    from regimes.theory.conventions import a

    total = [mp.fsum(w.weight * w.place**k for w in law.atoms) for k in range(3)]
    for piece in law.pieces:
        f = sp.lambdify([a], piece.density, "mpmath")
        ends = [mp.mpf(str(sp.N(end, 20)).replace("oo", "inf")) for end in (piece.low, *piece.breaks, piece.high)]
        total = [t + piece.weight * mp.quad(lambda u, f=f, k=k: f(u) * u**k, ends) for k, t in enumerate(total)]
    return [float(t) for t in total]


# -- what is read ------------------------------------------------------------------------------------------------------


def test_the_example_of_the_interface_is_a_model(read: Any) -> None:
    model = read(LAPLACE + RHO)
    assert (model.name, model.family) == ("spike", "product")
    assert [(p.name, p.typical, p.default) for p in model.params] == [("rho", (0.1, 0.9), None), ("sigma", (0.5, 2.0), 1.0)]
    law = model.law({"rho": 0.5, "sigma": 2.0})
    assert [float(b) for b in law.pieces[0].breaks] == [0.0]  # the kink was seen
    assert moments(law) == pytest.approx([1, 0, 4], abs=1e-12)


def test_a_law_is_that_of_the_shipped_model_it_spells(read: Any) -> None:
    from regimes.theory.conventions import a

    ours, shipped = read(LAPLACE), get_model("product", prior="laplace")
    left, right = (m.symbolic_law().pieces[0] for m in (ours, shipped))
    assert sp.simplify(left.density - right.density) == 0
    assert (left.low, left.high, left.breaks) == (right.low, right.high, right.breaks)
    assert left.density.has(a)


LAWS: dict[str, tuple[str, Mapping[str, float], tuple[float, float]]] = {
    "parameters": (prior("exp(-a/b)/b", "[0, inf]", params="[parameters.b]\nlow = 0\ntypical = [0.5, 2]\n"), {"b": 0.7}, (0.7, 0.98)),
    "moving ends": (
        prior("1/(w + 1)", '["-w", 1]', params="[parameters.w]\nlow = 0\ntypical = [0.5, 2]\n"), {"w": 2.0}, (-0.5, 1.0),
    ),
    "mixed": (
        prior("exp(-a**2/2)/sqrt(2*pi)", more='atoms = [["1 - rho", 3]]', params=RHO), {"rho": 0.25}, (2.25, 0.25 + 0.75 * 9),
    ),
    "steps": (prior("Heaviside(a)*Heaviside(1 - a)/2 + Heaviside(a - 2)*Heaviside(4 - a)/4", "[0, 4]"), {}, (1.75, 1 / 6 + 14 / 3)),
    "tent": (
        prior("Max(0, 1 - Abs(a - c))", '["c - 3", "c + 3"]', 'breaks = ["c - 1", "c + 1"]', "[parameters.c]\nlow = -9\nhigh = 9\n"),
        {"c": 1.5}, (1.5, 2.25 + 1 / 6),
    ),
    "given breaks": (prior("Abs(a**2 - 1)/4", "[-2, 2]", "breaks = [-1, 1]"), {}, (0.0, 2.0)),
    "student": (prior("2/(pi*(1 + a**2)**2)"), {}, (0.0, 1.0)),
    "log-normal": (prior("exp(-log(a)**2/2)/(a*sqrt(2*pi))", "[0, inf]"), {}, (float(np.exp(0.5)), float(np.exp(2)))),
    "two narrow peaks": (prior("(exp(-(a-5)**2/2e-4) + exp(-(a+5)**2/2e-4))/(2*sqrt(2*pi)*0.01)"), {}, (0.0, 25.0001)),
    "overflows in doubles": (prior("exp(a)/(1 + exp(a))**2"), {}, (0.0, float(np.pi**2 / 3))),
    "gamma": (prior("a**3*exp(-a)/6", "[0, inf]"), {}, (4.0, 20.0)),
    "unbounded at zero": (prior("exp(-Abs(a))/sqrt(Abs(a))/(2*sqrt(pi))"), {}, (0.0, 0.75)),
}  # fmt: skip


@pytest.mark.parametrize("name", LAWS)
def test_a_law_has_the_moments_of_its_formula(name: str, read: Any) -> None:
    text, values, (mean, square) = LAWS[name]
    model = read(text)
    law = model.law(model.complete(values))
    if name in ("two narrow peaks", "unbounded at zero"):
        assert len(law.pieces) == 1  # the moments are known; mpmath would need help
        return
    assert moments(law) == pytest.approx([1, mean, square], rel=1e-8, abs=1e-8)


def test_atoms_alone_are_a_law(read: Any) -> None:
    law = read(HEAD + '[prior]\natoms = [["rho/2", 1], [0.5, -1], ["(1 - rho)/2", "2*rho"]]\n' + RHO).law({"rho": 0.5, "sigma": 1.0})
    assert [(float(w.weight), float(w.place)) for w in law.atoms] == [(0.25, 1), (0.5, -1), (0.25, 1)]
    assert law.pieces == ()


def test_a_file_with_its_own_sigma_is_not_scaled(read: Any) -> None:
    params = "[parameters.sigma]\nlow = 0\ntypical = [0.5, 2]\n"
    model = read(prior("exp(-Abs(a)/sigma)/(2*sigma)", params=params))
    assert [p.name for p in model.params] == ["sigma"]
    assert moments(model.law({"sigma": 3.0})) == pytest.approx([1, 0, 18])


def test_the_sigma_of_a_file_is_said_to_be_a_factor(read: Any) -> None:
    """exp(-|a|)/2 has variance 2, so sigma is not the standard deviation, as it is of the models of the program."""
    model = read(prior("exp(-Abs(a))/2"))
    (sigma,) = model.params
    assert moments(model.law({"sigma": 1.0})) == pytest.approx([1, 0, 2])
    assert moments(model.law({"sigma": 3.0})) == pytest.approx([1, 0, 18])
    assert sigma.doc == "factor on a coordinate: 1 leaves the prior as the file has it"
    assert model.doc.endswith("prior of a model file, times sigma")
    assert get_model("product-laplace").params[-1].doc == "standard deviation of a coordinate"
    bulk = read(SPECTRUM + '[spectrum]\neigenvalue = "2*u + 1"\n')
    assert bulk.params[0].doc == "factor on the data: 1 leaves the eigenvalues as the file has them"
    assert bulk.doc.endswith("times sigma^2")


def test_numbers_are_the_decimals_that_are_written(read: Any) -> None:
    law = read(HEAD + "[prior]\natoms = [[0.1, 1], [0.9, 1e-7]]\n").symbolic_law()
    assert [w.weight for w in law.atoms] == [sp.Rational(1, 10), sp.Rational(9, 10)]
    assert not any(w.place.atoms(sp.Float) for w in law.atoms)


def test_a_parameter_has_a_domain_and_a_name_in_formulas(read: Any) -> None:
    text = '[parameters.mu_b]\nlow = 0\nclosed = "low"\ntypical = [1, 2]\ndefault = 0\ndoc = "shift, in units of a"\n'
    shift, nu = read(prior("exp(-(a-mu_b)**2/2)/sqrt(2*pi) + 0*nu", params=text + "[parameters.nu]\nlow = -1\nhigh = 1\n")).params[:2]
    assert (shift.domain, shift.default, shift.doc, shift.latex) == ("0 <= mu_b < inf", 0.0, "shift, in units of a", r"\mathrm{mu b}")
    assert (nu.typical, nu.latex, nu.default) == ((-0.8, 0.8), r"\nu", None)


def test_a_spectrum_is_read_from_numbers_and_from_a_function(read: Any) -> None:
    text = SPECTRUM + '[spectrum]\neigenvalues = [["rho", "2/rho"], [0.05, 0]]\neigenvalue = "1 + u"\n'
    model = read(text + "[parameters.rho]\nlow = 0\nhigh = 0.9\n")
    law = model.law({"rho": 0.5, "sigma": 2.0})
    assert model.family == "spectrum"
    assert [(float(w.weight), float(w.place)) for w in law.atoms] == [(0.5, 16.0), (0.05, 0.0)]
    (curve,) = law.curves
    assert float(curve.weight) == pytest.approx(0.45)
    assert float(curve.eigenvalue.subs(curve.variable(), sp.Rational(1, 2))) == pytest.approx(6.0)


@pytest.mark.parametrize("suffix", [".npy", ".csv"])
def test_eigenvalues_come_from_a_file_beside_the_model(suffix: str, read: Any, tmp_path: Path) -> None:
    values = [2.0, 0.5, 0.5, -1e-16]
    if suffix == ".npy":
        np.save(tmp_path / "values.npy", values)
    else:
        (tmp_path / "values.csv").write_text("2, 0.5\n0.5; -1e-16\n")
    by_name = get_model("spectrum", kind=str(tmp_path / f"values{suffix}"))
    by_model = read(SPECTRUM + f'[spectrum]\nfile = "values{suffix}"\n')
    for model in (by_name, by_model):
        law: Any = model.law({"sigma": 1.0})
        assert [(float(w.weight), float(w.place)) for w in law.atoms] == [(0.25, 0.0), (0.5, 0.5), (0.25, 2.0)]
    assert (by_name.name, by_model.name) == ("spectrum-values", "bulk")


def test_models_are_chosen_by_name_choice_or_file(read: Any, tmp_path: Path) -> None:
    read(LAPLACE)
    path = str(tmp_path / "mine.toml")
    assert get_model("product", prior="laplace") is get_model("product-laplace")
    assert get_model(path).name == get_model("product", prior=path).name == "spike"
    model, left = choose_model("product", {"alpha": "1", "prior": "laplace"})
    assert (model.name, left) == ("product-laplace", {"alpha": "1"})
    with pytest.raises(MissingParameterError, match="prior=NAME"):
        get_model("product")
    with pytest.raises(UnknownNameError, match="laplace"):
        get_model("product", prior="lapalce")
    with pytest.raises(UnknownNameError, match="it takes none"):
        get_model("gaussian", prior="laplace")
    with pytest.raises(InputError, match="of kind product"):
        get_model("spectrum", kind=path)


# -- what is refused ---------------------------------------------------------------------------------------------------

MISTAKES = {
    "no tables": ("", "[model] is missing"),
    "not TOML": ("[model", "is not TOML"),
    "duplicate keys": (LAPLACE + 'density = "1"\n', "is not TOML"),
    "duplicate tables": (LAPLACE + "[prior]\n", "is not TOML"),
    "name missing": ('[model]\nkind = "product"\n', "name is missing in [model]"),
    "name of a model": (LAPLACE.replace("spike", "gaussian"), "choose another"),
    "name of a family": (LAPLACE.replace("spike", "product"), "choose another"),
    "name with a slash": (LAPLACE.replace("spike", "../spike"), "small letters"),
    "name is a number": (LAPLACE.replace('"spike"', "3"), "model.name is no string"),
    "kind misspelt": (LAPLACE.replace('kind = "product"', 'kind = "prodcut"'), "did you mean product?"),
    "mixture": (LAPLACE.replace('kind = "product"', 'kind = "mixture"'), "unknown key 'prior'; did you mean"),
    "model is no table": ("model = 3\n", "model is no table"),
    "unknown table": (LAPLACE + "[priors]\nx = 1\n", "did you mean prior"),
    "unknown key": (LAPLACE + "suport = [0, 1]\n", "unknown key 'suport' in [prior]; did you mean support?"),
    "table of another kind": (LAPLACE + "[spectrum]\n", "unknown key 'spectrum'"),
    "prior missing": (HEAD, "[prior] is missing"),
    "density missing": (HEAD + "[prior]\n", "density is missing in [prior]"),
    "density a list": (HEAD + "[prior]\ndensity = [1]\nsupport = [0, 1]\n", "prior.density has to be a number or a formula"),
    "density a date": (HEAD + "[prior]\ndensity = 1979-05-27\nsupport = [0, 1]\n", "prior.density has to be"),
    "support missing": (HEAD + '[prior]\ndensity = "1"\n', "support is missing in [prior]"),
    "support of one number": (prior("1", "[1]"), "[low, high]"),
    "support of nan": (prior("1", "[nan, 1]"), "prior.support"),
    "support turned round": (prior("1", "[1, 0]"), "prior.support is empty"),
    "infinity in a break": (prior("1", "[0, 1]", "breaks = [inf]"), "prior.breaks has to be"),
    "break outside": (prior("1", "[0, 1]", "breaks = [2]"), "outside the support"),
    "moving break leaves": (prior("1", "[0, 1]", 'breaks = ["2*rho"]', RHO), "outside the support at rho=0.5"),
    "breaks cross": (prior("1", "[0, 1]", 'breaks = ["rho", "1 - rho"]', RHO), "meet or change their order"),
    "hidden bend": (prior("3/8*Abs(a**2 - 1)", "[-2, 2]"), "give these places as prior.breaks"),
    "support without density": (HEAD + "[prior]\natoms = [[1, 0]]\nsupport = [0, 1]\n", "density is missing"),
    "atoms no pairs": (HEAD + "[prior]\natoms = [[1, 0, 2]]\n", "[weight, place]"),
    "atoms no list": (HEAD + "[prior]\natoms = 3\n", "[[weight, place], ...]"),
    "atoms above one": (HEAD + "[prior]\natoms = [[0.7, 0], [0.7, 1]]\n", "they sum to 1.4"),
    "atoms below one": (HEAD + "[prior]\natoms = [[0.7, 0], [0.2, 1]]\n", "they sum to 0.9"),
    "atom of negative weight": (HEAD + "[prior]\natoms = [[1.5, 0], [-0.5, 1]]\n", "one of them is -0.5"),
    "too much mass": (prior("exp(-a**2/2)/sqrt(2*pi)", more="atoms = [[1.5, 0]]"), "one of them is -0.5"),
    "one value": (HEAD + "[prior]\natoms = [[1, 3]]\n", "one value"),
    "not normalised": (prior("exp(-a**2)"), "integrates to 1.77245385"),
    "normalised here and there": (prior("exp(-a)*(1 + (rho - 0.5)**2)", "[0, inf]", params=RHO), "integrates to 1.16 at rho=0.1"),
    "negative": (prior("3/2*(1 - 2*a**2) + a*0 + 0", "[-1, 1]"), "is negative"),
    "complex": (prior("sqrt(a)", "[-1, 1]"), "not a finite number"),
    "infinite inside": (prior("1/a**2", "[-1, 1]"), "the density"),
    "diverges": (prior("1/Abs(a)", "[-1, 1]"), "the density"),
    "infinite variance": (prior("1/(pi*(1 + a**2))"), "the variance has to be finite"),
    "barely infinite variance": (prior("1/(2*(1 + a**2)**(3/2))"), "the variance has to be finite"),
    "never decays": (prior("1"), "the variance has to be finite"),
    "unknown symbol": (prior("exp(-a**2/2)*rhoo", params=RHO), "did you mean rho?"),
    "eigenvalue's symbol": (prior("u", "[0, 1]"), "unknown name 'u'"),
    "coordinate in a weight": (prior("exp(-a)", "[0, inf]", 'atoms = [["a", 0]]'), "prior.atoms, column 1: unknown name 'a'"),
    "place not real": (HEAD + '[prior]\natoms = [[0.5, "log(rho - 1)"], [0.5, 1]]\n' + RHO, "not"),
    "parameter of another meaning": (LAPLACE + "[parameters.gamma]\nlow = 0\nhigh = 1\n", "'gamma' means something else here"),
    "parameter t": (LAPLACE + "[parameters.t]\nlow = 0\nhigh = 1\n", "'t' means something else"),
    "parameter a": (LAPLACE + "[parameters.a]\nlow = 0\nhigh = 1\n", "'a' means something else"),
    "parameter exp": (LAPLACE + "[parameters.exp]\nlow = 0\nhigh = 1\n", "'exp' means something else"),
    "parameter __class__": (LAPLACE + "[parameters.__class__]\nlow = 0\nhigh = 1\n", "a name is made of letters"),
    "parameter lambda": (LAPLACE + "[parameters.lambda]\nlow = 0\nhigh = 1\n", "a name is made of letters"),
    "parameter with a dash": (LAPLACE + "[parameters.x-y]\nlow = 0\nhigh = 1\n", "a name is made of letters"),
    "parameter no table": (LAPLACE + "[parameters]\nrho = 1\n", "parameters.rho is no table"),
    "parameter unknown key": (LAPLACE + RHO + "hi = 1\n", "unknown key 'hi' in [parameters.rho]; did you mean high"),
    "parameter without typical": (LAPLACE + "[parameters.k]\nlow = 0\n", "typical is missing in [parameters.k]"),
    "typical outside": (LAPLACE + RHO.replace("[0.1, 0.9]", "[0.1, 1.5]"), "parameters.rho.typical has to lie in the domain 0 < rho < 1"),
    "typical turned round": (LAPLACE + RHO.replace("[0.1, 0.9]", "[0.9, 0.1]"), "ends in order"),
    "default outside": (LAPLACE + RHO + "default = 7\n", "parameters.rho.default has to lie"),
    "empty domain": (LAPLACE + RHO.replace("1.0", "-1.0"), "is not below"),
    "low a string": (LAPLACE + RHO.replace("0.0", '"0"'), "parameters.rho.low is no number"),
    "low true": (LAPLACE + RHO.replace("0.0", "true"), "parameters.rho.low is no number"),
    "low nan": (LAPLACE + RHO.replace("0.0", "nan"), "parameters.rho.low is no number"),
    "high too large": (LAPLACE + RHO.replace("1.0", "1e10"), "at most 1e+09"),
    "closed misspelt": (LAPLACE + RHO + 'closed = "left"\n', '"both"'),
    "latex runs a command": (LAPLACE + RHO + r"latex = '\input{/etc/passwd}'", "parameters.rho.latex"),
    "latex opens a brace": (LAPLACE + RHO + "latex = 'x_{'", "parameters.rho.latex"),
    "latex closes one": (LAPLACE + RHO + "latex = 'x}{'", "parameters.rho.latex"),
    "doc of two lines": (LAPLACE + RHO + 'doc = "one\\ntwo"', "parameters.rho.doc"),
    "doc closes a string": (LAPLACE + RHO + "doc = 'a\"\"\"'", "parameters.rho.doc"),
    "too many parameters": (LAPLACE + "".join(f"[parameters.k{j}]\nlow = 0\nhigh = 1\n" for j in range(9)), "at most 8"),
    "spectrum missing": (SPECTRUM, "[spectrum] is missing"),
    "spectrum empty": (SPECTRUM + "[spectrum]\n", "eigenvalue is missing in [spectrum]"),
    "eigenvalue negative": (SPECTRUM + "[spectrum]\neigenvalues = [[0.5, 1], [0.5, -1]]\n", "is negative"),
    "eigenvalue curve negative": (SPECTRUM + '[spectrum]\neigenvalue = "u - 0.5"\n', "is negative"),
    "no trace": (SPECTRUM + '[spectrum]\neigenvalue = "1/u"\n', "the mean eigenvalue has to be finite"),
    "eigenvalues zero": (SPECTRUM + "[spectrum]\neigenvalues = [[1, 0]]\n", "all eigenvalues are zero"),
    "eigenvalues' weights": (SPECTRUM + "[spectrum]\neigenvalues = [[0.5, 1]]\n", "they sum to 0.5"),
    "two ways": (SPECTRUM + '[spectrum]\nfile = "x.npy"\neigenvalue = "u"\n', "give one of them"),
    "file missing": (SPECTRUM + '[spectrum]\nfile = "x.npy"\n', "No such file"),
    "file of another kind": (SPECTRUM + '[spectrum]\nfile = "/etc/passwd"\n', "unknown kind of file"),
}  # fmt: skip

HOSTILE: dict[str, tuple[str | bytes, str]] = {
    "attribute": (prior("a.__class__.__mro__"), "'.' is no part of a formula"),
    "import": (prior("__import__('os').system('touch pwned')"), "'_' is no part of a formula"),
    "powers of powers": (prior("9**9**9**9"), "at most 64"),
    "power of a log": (prior("exp(1000000000*log(7))"), "binary digits"),
    "deep parentheses": (prior("(" * 30_000 + "a" + ")" * 30_000), "characters"),
    "long": (prior("a+" * 30_000 + "a"), "characters"),
    "look-alike": (prior("exp(-\u0430**2)"), r"'\u0430'"),
    "null byte": (prior("a\\u0000"), r"'\x00'"),
    "raw null byte": (LAPLACE.encode() + b"\0", "is not TOML"),
    "not UTF-8": (LAPLACE.encode() + b"# \xff\xfe\n", "is not text"),
    "deep lists": (HEAD + "x = " + "[\n" * 20_000 + "]" * 7_000, "is not TOML"),
    "deep tables": (HEAD + "x = " + "{a = " * 1_300 + "1" + "}" * 1_300, "is not TOML"),
    "deep keys": ("[model" + ".a" * 30_000 + "]\n", "break it"),
    "many deep keys": ("".join(f"[model{'.a' * 3_900}.b{k}]\n" for k in range(8)), "unknown key 'a'"),
    "many tables": ("".join(f"[a{k}.b]\n" for k in range(6_000)), "[model] is missing"),
    "huge integer": (prior("1", f"[0, {'9' * 5_000}]"), "is not TOML"),
    "huge hexadecimal integer": (prior("1", f"[0, 0x{'f' * 7_000}]"), "prior.support"),
    "huge exponent": (prior("1", "[0, 1e999999999]"), "not too large"),
    "hugest exponent": (prior("1", "[0, 1e9999999999999999999999]"), ""),
    "huge parameter": (LAPLACE + RHO.replace("1.0", "1e999999999"), "too large"),
    "large": (LAPLACE + "#" * 70_000, "at most 65536"),
    "huge literal in a formula": (prior("1e999999999"), "too long"),
    "many atoms": (HEAD + "[prior]\natoms = [" + "[0.1,1],\n" * 7_000 + "]\n", "prior.atoms has 7000 entries"),
}


@pytest.mark.parametrize("name", [*MISTAKES, *HOSTILE])
def test_what_is_no_model_is_refused_at_once_in_one_line(name: str, read: Any, tmp_path: Path) -> None:
    text, reason = (MISTAKES | HOSTILE)[name]
    began = time.process_time()
    with pytest.raises(InputError) as caught:
        read(text)
    assert time.process_time() - began < 1
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "mine.toml"))
    assert [p.name for p in tmp_path.iterdir()] == ["mine.toml"]


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "zero.toml").symlink_to("/dev/zero")
    (tmp_path / "loop.toml").symlink_to(tmp_path / "loop.toml")
    (tmp_path / "folder.toml").mkdir()
    with (tmp_path / "sparse.toml").open("wb") as file:
        file.truncate(2**30)
    began = time.process_time()
    for name in ("pipe", "zero", "loop", "folder", "sparse", "missing", "nul\0"):
        with pytest.raises(InputError) as caught:
            read_model(tmp_path / f"{name}.toml")
        assert "\n" not in str(caught.value)
    assert time.process_time() - began < 1


PETABYTES = b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000000,), }".ljust(117) + b"\n"
BAD_TABLES: dict[str, tuple[str, Any, str]] = {
    "objects": ("x.npy", np.array([{}, 1], dtype=object), "no plain array of numbers"),
    "matrix": ("x.npy", np.eye(3), "not the covariance"),
    "complex": ("x.npy", np.ones(3, dtype=complex), "real numbers"),
    "text": ("x.npy", np.array(["1", "2"]), "real numbers"),
    "nan": ("x.npy", np.array([1.0, np.nan]), "finite"),
    "negative": ("x.npy", np.array([1.0, -0.1]), "not negative"),
    "zero": ("x.npy", np.zeros(3), "positive"),
    "nothing": ("x.npy", np.zeros(0), "real numbers"),
    "too many": ("x.npy", np.arange(MOST_EIGENVALUES + 1.0), "distinct eigenvalues"),
    "no numbers": ("x.csv", b"one\ntwo\n", "cannot be read as .csv"),
    "an index": ("x.csv", b"0,0.5\n1,2.5\n2,1.5\n", "counts the rows: leave the index out"),
    "empty": ("x.csv", b"", "real numbers"),
    "no text": ("x.csv", b"\xff\xfe", "cannot be read as .csv"),
    "no array": ("x.npy", b"nothing", "cannot be read as .npy"),
    "a shape of petabytes": ("x.npy", PETABYTES, "cannot be read as .npy"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_table_that_is_no_spectrum_is_refused(name: str, tmp_path: Path) -> None:
    file, content, reason = BAD_TABLES[name]
    path = tmp_path / file
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.save(path, content, allow_pickle=True)
    with pytest.raises(RegimesError) as caught:
        read_numbers(path, "spectrum")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_files_of_one_name_are_two_models(read: Any) -> None:
    """Their kernels must not be shared through a cache that knows models by name."""
    first, second = read(LAPLACE, "one.toml"), read(LAPLACE.replace("exp(-Abs(a)*sqrt(2))/sqrt(2)", "exp(-a**2/2)/sqrt(2*pi)"), "two.toml")
    assert first.name == second.name
    assert not type(first).__module__.startswith("regimes.theory.models")
    assert isinstance(first.law({"sigma": 1}), Product)
    assert not isinstance(first.law({"sigma": 1}), GaussianSpectrum)
