"""The pure heart: no I/O, thread, sleep, clock, environment or global; time is an argument."""
