"""What is measured, with what error: simulations of the diffusion and their comparison with theory."""
