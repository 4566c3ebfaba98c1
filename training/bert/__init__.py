"""A pretrained BERT encoder against the bundles that are served: is it worth its price."""
