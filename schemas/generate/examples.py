"""Examples of keys, which editors offer."""

from typing import Any

EXAMPLES: dict[str, list[Any]] = {
    "name": ["Smoke $<var.host> from $<matrix.runLocation>"],
    "runLocation": ["eu-west-1"],
    "target": ["all", {"matchTags": [["production", "smoke"], ["critical", "!flaky"]]}],
    "matchTags": [[["production", "smoke"], ["critical"]]],
    "environmentVariables": [{"API_TOKEN": {"value": "$<env.SHOP_API_TOKEN>", "secret": True}}],
    "retryStrategy": [{"type": "LINEAR", "baseBackoffSeconds": 10, "maxRetries": 2}],
    "metadata": [{"environment": "production"}],
    "labels": [{"team": "web"}],
    "expectChecks": [{"min": 3, "include": ["Checkout"]}],
    "quarantine": [
        [{"check": "Search", "reason": "index moves", "owner": "web", "until": "2030-01-31"}]
    ],
    "matrix": [{"runLocation": ["eu-west-1", "us-east-1"]}],
    "extends": ["smoke", ["smoke", "slow"]],
    "needs": [["smoke-prod"]],
}
