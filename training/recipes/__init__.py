"""The recipe of the shipped bundles, and their files."""
