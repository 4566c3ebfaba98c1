"""The front: what people open in a browser, asking the API alone."""
