"""Property tests are judged by what they find, not by this machine's speed."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
