"""What can be asked: types, lookup, kernels of formulas."""
