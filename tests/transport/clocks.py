"""A clock that a test moves; it takes the place of the module `time`."""


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s
