"""What every test run shares: one seed policy, and folders that are packages under another name."""

from __future__ import annotations

import os
import shutil
import tempfile

import hypothesis
import pytest

# Before NumPy is imported: two test processes with two BLAS threads each on two cores slow each other down tenfold.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

# These folders are imported as regimes.theory, ... and must not be collected under their bare names.
collect_ignore = ["theory", "numerics", "validate"]

hypothesis.settings.register_profile("fixed", derandomize=True, database=None, deadline=None)
hypothesis.settings.register_profile("varying", derandomize=False, deadline=None, print_blob=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--vary-seed", action="store_true", help="draw new seeds and new Hypothesis examples; the seed is printed")


def pytest_configure(config: pytest.Config) -> None:
    varying = config.getoption("--vary-seed")
    hypothesis.settings.load_profile("varying" if varying else "fixed")
    if not hasattr(config, "workerinput"):  # the controller of a parallel run decides for its workers
        os.environ["REGIMES_TEST_SEED"] = str(int.from_bytes(os.urandom(4), "big") if varying else 0)
        # One cache of kernels for the whole run, empty at its beginning: nothing depends on what ran before.
        os.environ["REGIMES_CACHE"] = tempfile.mkdtemp(prefix="regimes-cache-")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ["REGIMES_CACHE"], ignore_errors=True)


def pytest_report_header() -> str:
    return f"seed: {os.environ['REGIMES_TEST_SEED']} (0: fixed)"


@pytest.fixture(scope="session")
def seed() -> int:
    """Seed of this run's Monte Carlo tests: fixed, or new with --vary-seed."""
    return int(os.environ["REGIMES_TEST_SEED"])
