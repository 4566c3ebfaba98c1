"""Fuzzing of everything that reads bytes: hostile inputs raise declared errors and nothing else."""
