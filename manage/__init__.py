"""The command line for whoever runs the product: ``python -m manage``."""
