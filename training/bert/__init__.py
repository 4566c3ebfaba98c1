"""Comparison of a pretrained BERT encoder with the shipped recipe: quality and cost."""
