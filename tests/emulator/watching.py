"""Holds what an emulator answers against the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.emulator.transport.contract import load_contract

if TYPE_CHECKING:
    from runner.emulator.transport.faulty import Exchange

#: The server's own limits on a body, which are no part of an endpoint's contract everywhere.
OUTSIDE = {413, 415}


class AnswerCheck:
    """Give it to `Emulator(watch=…)`; `broken` lists the answers that break the contract."""

    def __init__(self) -> None:
        self.broken: list[str] = []
        self.seen = 0

    def __call__(self, exchange: Exchange) -> None:
        operation = load_contract().operations.get(exchange.operation)
        answer = exchange.answer
        if operation is None or answer is None or answer.status in OUTSIDE:
            return
        self.seen += 1
        self.broken += operation.check_answer(answer.status, answer.body)
