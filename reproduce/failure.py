"""Why a run cannot begin or go on: sentences with gaps, so that whoever started it can say them in the
language of its user. Without torch."""

from typing import Any, ClassVar, Final

INSTALL: Final = "pip install torch --index-url https://download.pytorch.org/whl/cpu"


class Sentence:
    """A text and what stands in its `{gaps}`."""

    def __init__(self, text: str, **values: Any) -> None:
        self.text = text
        self.values = values

    def __str__(self) -> str:
        return self.text.format(**self.values) if self.values else self.text

    def plain(self) -> list[Any]:
        """As JSON has it: the text, and each value as a number or a text."""
        values = {
            name: one if isinstance(one, int) else str(one) for name, one in self.values.items()
        }
        return [self.text, values]


class Failure(Exception):
    """What is wrong, as a sentence; its kinds say what follows of it."""

    code = 1
    """Exit code of the one table."""
    resumable: ClassVar[bool] = False
    """True when the same run can be gone on with from its last checkpoint."""

    def __init__(self, text: str, hint: Sentence | None = None, **values: Any) -> None:
        self.said = Sentence(text, **values)
        self.hint = hint
        super().__init__(str(self.said))


class CannotRun(Failure):
    """The order cannot be carried out here; the sentence says why, and what can be done."""

    code = 2


class NoTorch(Failure):
    """torch is not installed, or is broken."""

    def __init__(self, why: ImportError) -> None:
        install = Sentence(INSTALL)
        super().__init__("torch is not installed, or cannot be imported: {why}", install, why=why)


class Killed(Failure):
    """A process of the run ended without a word."""

    resumable = True
