"""The file that ``runner init`` writes: small, valid, and explained."""

SCHEMA_NAME = "checkly-sessions.schema.json"
STARTER = f"""\
# yaml-language-server: $schema={SCHEMA_NAME}
# Test sessions on Checkly. Check this file with `runner validate`, see what would start with
# `runner plan`, and try it without an account: `runner apply smoke --emulator`.
version: 1

# $<var.host> stands for this below; `--var host=…` sets another for one run.
variables:
  host: www.example.com

# Merged under every profile.
defaults:
  runLocation: eu-west-1 # or the slug of a private location

profiles:
  smoke:
    description: After every production deploy
    name: Smoke $<var.host> $<run.id>
    target:
      matchTags:
        - [production, smoke] # checks with both tags,
        - [critical, "!flaky"] # and those that are critical and not flaky
    environmentVariables:
      ENVIRONMENT_URL: https://$<var.host>
      # A secret comes from the environment, and is never shown or stored:
      # API_TOKEN: {{value: $<env.SHOP_API_TOKEN>, secret: true}}
    metadata: {{environment: production}}

  # The same from two continents, and enough when one of them passes.
  # smoke-abroad:
  #   extends: smoke
  #   matrix: {{runLocation: [us-east-1, ap-southeast-1]}}
  #   quorum: 1
"""
