"""What holds for all tests."""

import hypothesis

hypothesis.settings.register_profile("untimed", deadline=None)  # no test fails because the machine is busy
hypothesis.settings.load_profile("untimed")
