"""Setpoint makes language-model draft, critique and revise loops converge."""
