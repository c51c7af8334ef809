"""SymPy beyond SymPy: averages, special functions, rules, evaluation, formulas read from text."""
