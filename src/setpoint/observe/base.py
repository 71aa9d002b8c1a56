"""What an observer is."""

from dataclasses import dataclass
from typing import Protocol

from setpoint.core.event import Recorded
from setpoint.ports import Model

__all__ = ["Observer", "Several"]


class Observer(Protocol):
    """Hears of every event of every run in this process.

    Contract: nothing here raises, waits or changes what it is given; one observer serves many runs at a time.
    """

    def model(self, run: str, model: Model) -> Model:
        """The model as a run is to use it: itself, or wrapped."""
        ...

    def on_event(self, recorded: Recorded) -> None:
        """An event was stored."""
        ...

    def left(self, run: str) -> None:
        """Nobody in this process works on the run any more, whether it has ended or not."""
        ...


@dataclass(frozen=True, slots=True)
class Several:
    """Observers one after another; none at all is the default everywhere."""

    observers: tuple[Observer, ...] = ()

    def model(self, run: str, model: Model) -> Model:
        """Wrapped by each in turn."""
        for observer in self.observers:
            model = observer.model(run, model)
        return model

    def on_event(self, recorded: Recorded) -> None:
        """Tell each."""
        for observer in self.observers:
            observer.on_event(recorded)

    def left(self, run: str) -> None:
        """Tell each."""
        for observer in self.observers:
            observer.left(run)
