"""TensorRT engines: built on one server, fetched by all others, served where they win."""
