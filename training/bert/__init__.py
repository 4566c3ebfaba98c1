"""A pretrained BERT encoder against the served bundle: is it worth its price?"""
