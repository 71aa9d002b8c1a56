"""The pure core: values and the control law. No I/O, no clock, no randomness, no third-party import."""
