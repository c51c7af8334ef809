"""What is computed, and how well: kernels, roots, averages, predictions with errors."""
