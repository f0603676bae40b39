"""order-api: takes the orders of the sandbox's shop over gRPC."""

# That of pyproject.toml, which is not part of the image.
__version__ = "0.1.0"
