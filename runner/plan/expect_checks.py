"""Judge ``expectChecks`` by the checks of a session, or those that it would run."""

from collections.abc import Sequence

from runner.models.contract.settings import ExpectChecks


def unmet(expected: ExpectChecks | None, names: Sequence[str]) -> str | None:
    """Say in a sentence how the checks ``names`` break ``expectChecks``; ``None`` if they don't."""
    if expected is None:
        return None
    troubles = []
    if expected.min is not None and len(names) < expected.min:
        troubles.append(f"{len(names)} of at least {expected.min} checks")
    if expected.max is not None and len(names) > expected.max:
        troubles.append(f"{len(names)} of at most {expected.max} checks")
    if missing := [name for name in expected.include if name not in names]:
        troubles.append(f"without {', '.join(missing)}")
    if unwanted := [name for name in expected.exclude if name in names]:
        troubles.append(f"with {', '.join(unwanted)}")
    return f"It breaks expectChecks: {'; '.join(troubles)}." if troubles else None
