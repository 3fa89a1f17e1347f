"""The loops that carry values between stages; they know ports and core only, so they run whole on fakes."""
