"""order-api: takes the orders of the sandbox's shop over gRPC."""
