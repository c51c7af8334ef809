"""Formulas from users' text mean what Python means by them, and text that is no formula is refused at once, in one line."""

from __future__ import annotations

import subprocess
import sys
import time

import mpmath as mp
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from regimes.theory.errors import InputError
from regimes.theory.symbolic.formula_text import FUNCTIONS, LENGTH, read

A, RHO = sp.Symbol("a", real=True), sp.Symbol("rho", positive=True)
SYMBOLS = {"a": A, "rho": RHO}


def built(text: str) -> sp.Expr:
    return read(text, SYMBOLS, "density").build(SYMBOLS)


# -- meaning ---------------------------------------------------------------------------------------------------------

FORMULAS = [
    "exp(-Abs(a)*sqrt(2))/sqrt(2)",
    "rho*exp(-a**2/2)/sqrt(2*pi) + (1 - rho)/(pi*(1 + a**2))",
    "-a**2", "2**-1*a", "a**2**3", "a - rho - 1 - 2", "a/rho/3/4*2", "--a", "+a*-rho", "-2**2 + a", "(a + 1)**(rho - 1/2 - 0.25)",
    "1.25e-3*a + .5e+2 - 7.", "E**(-a**2)", "Max(0, 1 - Abs(a))", "Min(a, rho)", "exp(-a - exp(-a))",
    "exp(-(log(a/1.2345) - 0.333)**2/(2*0.77**2))/(a*0.77*sqrt(2*pi))",
    "erf(a) + erfc(rho) + sin(a)*cos(a)/tan(rho) + sinh(a)/cosh(a)**2 - tanh(rho)",
    "Heaviside(a - 1) + 2*Heaviside(a)*Heaviside(2 - a)",
    "  a\n\t* ( rho )  ",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize(("a", "rho"), [(0.7, 0.3), (2.5, 1.5), (1.0, 2.0)])
def test_a_formula_has_the_value_that_python_gives_it(text: str, a: float, rho: float) -> None:
    def decimal(word: str) -> str:
        return f"mp.mpf('{word}')"

    import re

    with mp.workdps(30):
        exact = re.sub(r"(?<![A-Za-z_])(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", lambda m: decimal(m[0]), text.strip())
        space = {name: getattr(mp, name) for name in FUNCTIONS if hasattr(mp, name)}
        space |= {"Abs": abs, "Max": max, "Min": min, "Heaviside": lambda x: mp.mpf(x >= 0), "pi": +mp.pi, "E": +mp.e, "mp": mp}
        wanted = eval(f"({exact})", space, {"a": mp.mpf(a), "rho": mp.mpf(rho)})
        found = built(text).subs({A: sp.Rational(a), RHO: sp.Rational(rho)}).evalf(30)
        assert abs(mp.mpf(str(found)) - wanted) <= abs(wanted) * mp.mpf(10) ** -26


def test_numbers_are_exact() -> None:
    expr = built("0.1*a + 1e-3 - 12345678901234567890.5")
    assert not expr.atoms(sp.Float)
    assert expr == A / 10 + sp.Rational(1, 1000) - sp.Rational(24691357802469135781, 2)


def test_every_function_is_printed_for_every_target() -> None:
    from regimes.numerics.codegen.generate import generate

    calls = [f"{name}({', '.join(['a', 'rho'][:count])})" for name, count in FUNCTIONS.items()]
    for target in ("numpy", "mpmath"):
        f = generate("f", [A, RHO], built(" + ".join(calls)), target=target).load()
        assert float(f(0.5, 1.5)) == pytest.approx(float(built("+".join(calls)).subs({A: sp.Rational(1, 2), RHO: sp.Rational(3, 2)})))


# -- refusals --------------------------------------------------------------------------------------------------------

HOSTILE = {
    "a.__class__": "column 2: '.'",
    "().__class__.__bases__[0]": "column 3",
    "__import__('os').system('true')": "column 1: '_'",
    "a.real": "'.'",
    "lambda: a": "':'",
    "lambda a": "unknown name 'lambda'",
    "[a for a in (1, 2)]": "'['",
    "{a}": "'{'",
    "'a'": "column 1",
    "f'{a}'": "column 2",
    "(a := 1)": "':'",
    "exp(x=1)": "column",
    "exp(*a)": "before '*'",
    "eval(a)": "unknown function 'eval'",
    "getattr(a, rho)": "unknown function 'getattr'",
    "Symbol(a)": "unknown function",
    "a if a else a": "'if' is out of place",
    "a and rho": "'and'",
    "a; a": "';'",
    "a # b": "'#'",
    "a @ a": "'@'",
    "a // 2": "before '/'",
    "a % 2": "'%'",
    "a < 1": "'<'",
    "1_000": "'_'",
    "0x10": "'x10'",
    "2j": "'j'",
    "\u0430": r"'\u0430'",
    "e\u0445p(a)": r"'\u0445'",
    "\uff11": r"'\uff11'",
    "a\u200b": r"'\u200b'",
    "a\0": r"'\x00'",
    "9**9**9**9": "at most 64",
    "10**10**10": "at most 64",
    "a**(1000)": "at most 64",
    "a**-65": "at most 64",
    "1e999": "too long",
    "1e-999999": "too long",
    "1e99999999999999999999": "too long",
    "1" * 41: "too long",
    "1" * 900: "too long",
    "(" * 100_000 + "a" + ")" * 100_000: f"at most {LENGTH}",
    "(" * 300 + "a" + ")" * 300: "shorter",
    "(" * 50 + "a" + ")" * 50: "flatter",
    "exp(" * 50 + "a" + ")" * 50: "flatter",
    "-" * 100 + "a": "flatter",
    "**".join(["a"] * 30): "flatter",
    "a" * 100_000: f"at most {LENGTH}",
    "+".join(["a"] * 400): "shorter",
    "((((2*a)**64)**64)**64)**64": "2000 binary digits",
    "*".join(["1234567890123456789012345678901234567890*a"] * 20): "2000 binary digits",
    "exp(1000000000*log(7))": "2000 binary digits",  # 7**1000000000 by SymPy's own evaluation
    "exp(1000000000*log(7) + a)": "2000 binary digits",
    "2**(a + 1000000000)": "2000 binary digits",
    "E**(1000000000*log(7))": "2000 binary digits",
    "2**(log(7)*1000000000/log(2))": "2000 binary digits",
    "exp(100*log(exp(100*log(7))))": "2000 binary digits",
    "cos(exp(rho - rho + 1e10))": "cos of an exponential",
    "Abs(sqrt(a - a + 1e10))": "symbols of an argument cancel",
    "exp(exp(exp(a)))": "within one another",
    "rho**a**a**a": "within one another",
    "exp(exp(1e9*a))": "within one another",
    "sin(cosh(a))": "sin of an exponential",
    "cos(sinh(1e5))": "no finite real number",
    "exp(1000)": "no finite real number",
    "1/0": "no finite real number",
    "a/(1 - 1)": "no finite real number",
    "log(0)": "no finite real number",
    "sqrt(-1)*a": "no finite real number",
    "(-8)**(1/3)": "no finite real number",
    "tan(pi/2)": "infinite, undefined or not real",
    "sqrt(-a**2)": "infinite, undefined or not real",
    "Max(a, sqrt(-rho - 1))": "infinite, undefined or not real",
}  # fmt: skip

MISTAKEN = {
    "": "it is empty",
    "   ": "it is empty",
    "a +": "missing at the end",
    "* a": "before '*'",
    "a, rho": "',' is out of place",
    "a)": "')' is out of place",
    "(a": "the parenthesis of column 1",
    "exp(a": "the parenthesis of column 4",
    "exp(a rho)": "'rho' stands where",
    "exp()": "before ')'",
    "exp(a, a)": "exp takes 1 argument, not 2",
    "Max(a)": "Max takes 2 arguments, not 1",
    "exp": "write exp(...)",
    "exp*a": "write exp(...)",
    "a b": "write * between",
    "2a": "write * between",
    "a(2)": "write * between",
    "(a)(a)": "write * between",
    "a^2": "write **",
    "roh*a": "did you mean rho",
    "x": "did you mean a or rho or pi or E?",
    "Exp(a)": "there is exp",
    "abs(a)": "there is Abs",
    "sqrtt(a)": "there is sqrt",
    "1e": "'e' is out of place",
}


@pytest.mark.parametrize("text", [*HOSTILE, *MISTAKEN], ids=lambda text: ascii(text[:40]))
def test_what_is_no_formula_is_refused_at_once_in_one_line(text: str) -> None:
    began = time.process_time()
    with pytest.raises(InputError) as caught:
        built(text)
    assert time.process_time() - began < 0.5
    message = str(caught.value)
    assert (HOSTILE | MISTAKEN)[text] in message
    assert "\n" not in message
    assert len(message) < 250


def test_hostile_text_is_refused_before_sympy_is_there() -> None:
    code = (
        "import sys\nfrom regimes.theory.symbolic.formula_text import read\nfrom regimes.theory.errors import InputError\n"
        "for text in sys.argv[1:]:\n    try:\n        read(text, ['a'])\n    except InputError:\n        continue\n    sys.exit(1)\n"
        "sys.exit(2 * ('sympy' in sys.modules))"
    )
    texts = ["a.__class__", "9**9**9", "exp(1000000000*log(7))", "__import__('os')"]
    assert subprocess.run([sys.executable, "-c", code, *texts], check=False).returncode == 0


@given(st.text(st.sampled_from("a rho E pi exp log sqrt Max 0123456789.e+-*/(), \n_'[]{}^=\u03b1"), max_size=40))
def test_any_text_is_a_formula_or_an_input_error(text: str) -> None:
    try:
        expr = built(text)
    except InputError:
        return
    assert expr.free_symbols <= {A, RHO}


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Formulas made of smaller ones."""
    one = st.sampled_from([name for name, count in FUNCTIONS.items() if count == 1])
    return st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(" ".join),
        st.tuples(inner, st.sampled_from(["2", "-1", "1/2", "-3/7", "rho", "a"])).map(lambda p: f"({p[0]})**({p[1]})"),
        st.tuples(one, inner).map(lambda p: f"{p[0]}({p[1]})"),
        st.tuples(st.sampled_from(["Max", "Min"]), inner, inner).map(lambda p: f"{p[0]}({p[1]}, {p[2]})"),
    )


@given(st.recursive(st.sampled_from(["a", "rho", "2", "3.7", "1e5", "pi", "E", "0.5", "7", "40", "1e20"]), grown, max_leaves=30))
def test_what_is_let_through_is_built_quickly(text: str) -> None:
    began = time.process_time()
    try:
        expr = built(text)
    except InputError:
        return
    finally:
        assert time.process_time() - began < 2
    numbers = sum(r.p.bit_length() + r.q.bit_length() for r in sp.preorder_traversal(expr) if isinstance(r, sp.Rational))
    assert numbers < 20_000
