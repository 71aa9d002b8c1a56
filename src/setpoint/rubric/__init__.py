"""Rubrics: how far a critic can be trusted."""
