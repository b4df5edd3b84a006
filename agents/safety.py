from typing import Literal, NamedTuple


class Concern(NamedTuple):
    kind: Literal["crisis", "refused"]
    category: str


def screen(text: str) -> Concern | None:
    return None


def is_instruction(text: str) -> bool:
    return False
