"""Runs that are disturbed at random, whose outputs must be those of an undisturbed run."""
