"""The JSON Schema of the file, made from the models."""
