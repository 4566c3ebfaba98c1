"""badbuzz: watches what people say about a brand, live, and warns of a crisis."""

__version__ = "0.1.0"
