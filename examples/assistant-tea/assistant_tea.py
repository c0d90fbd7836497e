"""A tool for the assistant: how long tea takes. “How long does green tea take?”"""

from typing import Literal

from assistant.skills.phrases import says, skill

MINUTES = {"black": 4, "green": 2, "white": 3, "oolong": 5, "herbal": 8}
DEGREES = {"black": 100, "green": 75, "white": 80, "oolong": 90, "herbal": 100}
KIND = rf"(?P<kind>{'|'.join(MINUTES)})"


@skill(
    says(rf"how (?:long|many minutes) (?:does|should|must|do i let) (?:a cup of )?{KIND} tea "
         r"(?:take|need|steep|brew|draw)"),
    says(rf"how (?:hot|long) (?:should|must) the water (?:for|of) {KIND} tea be"),
    offered=True,
)  # fmt: skip
def steeping_time(kind: Literal["black", "green", "white", "oolong", "herbal"]) -> str:
    """Tell how long a kind of tea steeps, and how hot its water should be.

    Args:
        kind: Of tea.
    """
    return f"{kind.capitalize()} tea takes {MINUTES[kind]} minutes, at {DEGREES[kind]} degrees."
