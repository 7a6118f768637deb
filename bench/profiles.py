"""A large configuration, made up."""

from pathlib import Path

#: Of a profile with a matrix, an instance each.
LOCATIONS = ("eu-west-1", "us-east-1", "ap-south-1", "eu-central-1")


def write_profiles(folder: Path, count: int, *, matrix: bool = False) -> Path:
    """Write a file of ``count`` profiles with five templates each; returns its path.

    With ``matrix`` each profile has four instances.
    """
    lines = [
        "version: 1",
        "variables: {host: www.example.com, retries: 2}",
        "defaults:",
        f"  matrix: {{runLocation: [{', '.join(LOCATIONS)}]}}"
        if matrix
        else "  runLocation: eu-west-1",
        "  retryStrategy: {type: LINEAR, maxRetries: $<var.retries>}",
        "profiles:",
    ]
    for number in range(count):
        lines += [
            f"  smoke-{number:05}:",
            f"    description: Profile number {number}",
            "    target:",
            "      matchTags:",
            f"        - [production, smoke, team-{number % 50}]",
            '        - [critical, "!flaky"]',
            f"    name: Smoke $<var.host> number {number}",
            "    environmentVariables:",
            f"      ENVIRONMENT_URL: https://$<var.host>/{number}",
            "      API_TOKEN: {value: $<env.SHOP_API_TOKEN>, secret: true}",
            "      REGION: $<var.host>",
            '      GREETING: "Hello {{NAME}}"',
            "    metadata: {environment: $<var.host>}",
            "    timeoutSeconds: 900",
        ]
    path = folder / f"profiles-{count}.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
