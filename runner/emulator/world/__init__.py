"""The world that an emulator serves: its account and checks, its time, its faults."""
