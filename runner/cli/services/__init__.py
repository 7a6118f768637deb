"""The parts that commands are composed of: configuration, state, client, reporters."""
