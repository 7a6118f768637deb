"""What stands inside ``$<…>``: read by Jinja's parser, worked out by an evaluator of its own."""
