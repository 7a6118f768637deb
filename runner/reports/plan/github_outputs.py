"""A plan as outputs of a step of GitHub Actions."""

import json

from runner.models.plan import Action, Plan
from runner.reports.text.github_files import output


def outputs(plan: Plan) -> str:
    """Return ``has-changes`` (``true`` or ``false``) and ``counts`` (JSON by action)."""
    changes = any(planned.action is not Action.RERUN for planned in plan.instances)
    return output("has-changes", str(changes).lower()) + output("counts", json.dumps(plan.counts))
