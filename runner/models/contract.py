"""The rules of the models as plain data. Made by ``make schemas``; do not edit.

See ``runner.models.ahead``.
"""

from typing import Any, Final

REQUEST: Final[dict[str, Any]] = {
    "type": "typed-dict",
    "extra_behavior": "forbid",
    "fields": {
        "name": {
            "type": "typed-dict-field",
            "required": True,
            "schema": {"type": "str", "min_length": 1, "strict": True},
        },
        "runLocation": {
            "type": "typed-dict-field",
            "required": True,
            "schema": {"type": "str", "min_length": 1, "strict": True},
        },
        "target": {
            "type": "typed-dict-field",
            "required": False,
            "schema": {
                "type": "typed-dict",
                "extra_behavior": "forbid",
                "fields": {
                    "matchTags": {
                        "type": "typed-dict-field",
                        "required": False,
                        "schema": {
                            "type": "list",
                            "strict": True,
                            "items_schema": {
                                "type": "list",
                                "strict": True,
                                "items_schema": {"type": "str", "min_length": 1, "strict": True},
                            },
                        },
                    },
                    "checkId": {
                        "type": "typed-dict-field",
                        "required": False,
                        "schema": {
                            "type": "list",
                            "strict": True,
                            "items_schema": {
                                "type": "str",
                                "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
                                "strict": True,
                            },
                        },
                    },
                    "allowDeactivated": {
                        "type": "typed-dict-field",
                        "required": False,
                        "schema": {"type": "bool", "strict": True},
                    },
                },
            },
        },
        "environmentVariables": {
            "type": "typed-dict-field",
            "required": False,
            "schema": {
                "type": "list",
                "max_length": 50,
                "strict": True,
                "items_schema": {
                    "type": "union",
                    "mode": "left_to_right",
                    "choices": [
                        (
                            {
                                "type": "typed-dict",
                                "extra_behavior": "forbid",
                                "fields": {
                                    "key": {
                                        "type": "typed-dict-field",
                                        "required": True,
                                        "schema": {"type": "str", "min_length": 1, "strict": True},
                                    },
                                    "locked": {
                                        "type": "typed-dict-field",
                                        "required": False,
                                        "schema": {"type": "bool", "strict": True},
                                    },
                                    "value": {
                                        "type": "typed-dict-field",
                                        "required": True,
                                        "schema": {
                                            "type": "nullable",
                                            "schema": {
                                                "type": "str",
                                                "min_length": 1,
                                                "strict": True,
                                            },
                                        },
                                    },
                                    "secret": {
                                        "type": "typed-dict-field",
                                        "required": False,
                                        "schema": {"type": "literal", "expected": [False]},
                                    },
                                },
                            },
                            "EnvironmentVariable",
                        ),
                        (
                            {
                                "type": "typed-dict",
                                "extra_behavior": "forbid",
                                "fields": {
                                    "key": {
                                        "type": "typed-dict-field",
                                        "required": True,
                                        "schema": {"type": "str", "min_length": 1, "strict": True},
                                    },
                                    "locked": {
                                        "type": "typed-dict-field",
                                        "required": False,
                                        "schema": {"type": "bool", "strict": True},
                                    },
                                    "value": {
                                        "type": "typed-dict-field",
                                        "required": True,
                                        "schema": {
                                            "type": "nullable",
                                            "schema": {"type": "str", "strict": True},
                                        },
                                    },
                                    "secret": {
                                        "type": "typed-dict-field",
                                        "required": True,
                                        "schema": {"type": "literal", "expected": [True]},
                                    },
                                },
                            },
                            "SecretVariable",
                        ),
                    ],
                },
            },
        },
        "retryStrategy": {
            "type": "typed-dict-field",
            "required": False,
            "schema": {
                "type": "nullable",
                "schema": {
                    "type": "tagged-union",
                    "discriminator": "type",
                    "choices": {
                        "FIXED": {
                            "type": "typed-dict",
                            "extra_behavior": "forbid",
                            "fields": {
                                "baseBackoffSeconds": {
                                    "type": "typed-dict-field",
                                    "required": False,
                                    "schema": {
                                        "type": "float",
                                        "strict": True,
                                        "allow_inf_nan": False,
                                    },
                                },
                                "sameRegion": {
                                    "type": "typed-dict-field",
                                    "required": False,
                                    "schema": {"type": "bool", "strict": True},
                                },
                                "onlyOn": {
                                    "type": "typed-dict-field",
                                    "required": False,
                                    "schema": {
                                        "type": "list",
                                        "strict": True,
                                        "items_schema": {
                                            "type": "literal",
                                            "expected": ["NETWORK_ERROR"],
                                        },
                                    },
                                },
                                "type": {
                                    "type": "typed-dict-field",
                                    "required": True,
                                    "schema": {
                                        "type": "literal",
                                        "expected": ["FIXED", "LINEAR", "EXPONENTIAL"],
                                    },
                                },
                                "maxRetries": {
                                    "type": "typed-dict-field",
                                    "required": False,
                                    "schema": {
                                        "type": "float",
                                        "ge": 1,
                                        "le": 10,
                                        "strict": True,
                                        "allow_inf_nan": False,
                                    },
                                },
                                "maxDurationSeconds": {
                                    "type": "typed-dict-field",
                                    "required": False,
                                    "schema": {
                                        "type": "float",
                                        "ge": 0,
                                        "le": 600,
                                        "strict": True,
                                        "allow_inf_nan": False,
                                    },
                                },
                            },
                        },
                        "LINEAR": {
                            "type": "typed-dict",
                            "extra_behavior": "forbid",
                            "fields": {
                                "baseBackoffSeconds": {
                                    "type": "typed-dict-field",
                                    "required": False,
                                    "schema": {
                                        "type": "float",
                                        "strict": True,
                                        "allow_inf_nan": False,
                                    },
                                },
                                "sameRegion": {
                                    "type": "typed-dict-field",
                                    "required": False,
                                    "schema": {"type": "bool", "strict": True},
                                },
                                "onlyOn": {
                                    "type": "typed-dict-field",
                                    "required": False,
                                    "schema": {
                                        "type": "list",
                                        "strict": True,
                                        "items_schema": {
                                            "type": "literal",
                                            "expected": ["NETWORK_ERROR"],
                                        },
                                    },
                                },
                                "type": {
                                    "type": "typed-dict-field",
                                    "required": True,
                                    "schema": {
                                        "type": "literal",
                                        "expected": ["FIXED", "LINEAR", "EXPONENTIAL"],
                                    },
                                },
                                "maxRetries": {
                                    "type": "typed-dict-field",
                                    "required": False,
                                    "schema": {
                                        "type": "float",
                                        "ge": 1,
                                        "le": 10,
                                        "strict": True,
                                        "allow_inf_nan": False,
                                    },
                                },
                                "maxDurationSeconds": {
                                    "type": "typed-dict-field",
                                    "required": False,
                                    "schema": {
                                        "type": "float",
                                        "ge": 0,
                                        "le": 600,
                                        "strict": True,
                                        "allow_inf_nan": False,
                                    },
                                },
                            },
                        },
                        "EXPONENTIAL": {
                            "type": "typed-dict",
                            "extra_behavior": "forbid",
                            "fields": {
                                "baseBackoffSeconds": {
                                    "type": "typed-dict-field",
                                    "required": False,
                                    "schema": {
                                        "type": "float",
                                        "strict": True,
                                        "allow_inf_nan": False,
                                    },
                                },
                                "sameRegion": {
                                    "type": "typed-dict-field",
                                    "required": False,
                                    "schema": {"type": "bool", "strict": True},
                                },
                                "onlyOn": {
                                    "type": "typed-dict-field",
                                    "required": False,
                                    "schema": {
                                        "type": "list",
                                        "strict": True,
                                        "items_schema": {
                                            "type": "literal",
                                            "expected": ["NETWORK_ERROR"],
                                        },
                                    },
                                },
                                "type": {
                                    "type": "typed-dict-field",
                                    "required": True,
                                    "schema": {
                                        "type": "literal",
                                        "expected": ["FIXED", "LINEAR", "EXPONENTIAL"],
                                    },
                                },
                                "maxRetries": {
                                    "type": "typed-dict-field",
                                    "required": False,
                                    "schema": {
                                        "type": "float",
                                        "ge": 1,
                                        "le": 10,
                                        "strict": True,
                                        "allow_inf_nan": False,
                                    },
                                },
                                "maxDurationSeconds": {
                                    "type": "typed-dict-field",
                                    "required": False,
                                    "schema": {
                                        "type": "float",
                                        "ge": 0,
                                        "le": 600,
                                        "strict": True,
                                        "allow_inf_nan": False,
                                    },
                                },
                            },
                        },
                        "SINGLE_RETRY": {
                            "type": "typed-dict",
                            "extra_behavior": "forbid",
                            "fields": {
                                "baseBackoffSeconds": {
                                    "type": "typed-dict-field",
                                    "required": False,
                                    "schema": {
                                        "type": "float",
                                        "strict": True,
                                        "allow_inf_nan": False,
                                    },
                                },
                                "sameRegion": {
                                    "type": "typed-dict-field",
                                    "required": False,
                                    "schema": {"type": "bool", "strict": True},
                                },
                                "onlyOn": {
                                    "type": "typed-dict-field",
                                    "required": False,
                                    "schema": {
                                        "type": "list",
                                        "strict": True,
                                        "items_schema": {
                                            "type": "literal",
                                            "expected": ["NETWORK_ERROR"],
                                        },
                                    },
                                },
                                "type": {
                                    "type": "typed-dict-field",
                                    "required": True,
                                    "schema": {"type": "literal", "expected": ["SINGLE_RETRY"]},
                                },
                            },
                        },
                    },
                },
            },
        },
        "refreshCache": {
            "type": "typed-dict-field",
            "required": False,
            "schema": {"type": "bool", "strict": True},
        },
        "metadata": {
            "type": "typed-dict-field",
            "required": False,
            "schema": {
                "type": "typed-dict",
                "extra_behavior": "forbid",
                "fields": {
                    "environment": {
                        "type": "typed-dict-field",
                        "required": False,
                        "schema": {"type": "str", "min_length": 1, "strict": True},
                    },
                    "repoUrl": {
                        "type": "typed-dict-field",
                        "required": False,
                        "schema": {"type": "nullable", "schema": {"type": "str", "strict": True}},
                    },
                    "commitId": {
                        "type": "typed-dict-field",
                        "required": False,
                        "schema": {"type": "nullable", "schema": {"type": "str", "strict": True}},
                    },
                    "commitOwner": {
                        "type": "typed-dict-field",
                        "required": False,
                        "schema": {"type": "nullable", "schema": {"type": "str", "strict": True}},
                    },
                    "commitMessage": {
                        "type": "typed-dict-field",
                        "required": False,
                        "schema": {"type": "nullable", "schema": {"type": "str", "strict": True}},
                    },
                    "branchName": {
                        "type": "typed-dict-field",
                        "required": False,
                        "schema": {"type": "nullable", "schema": {"type": "str", "strict": True}},
                    },
                },
            },
        },
    },
}
SETTINGS: Final[dict[str, Any]] = {
    "type": "typed-dict",
    "extra_behavior": "forbid",
    "fields": {
        "description": {
            "type": "typed-dict-field",
            "required": False,
            "schema": {"type": "nullable", "schema": {"type": "str", "strict": True}},
        },
        "labels": {
            "type": "typed-dict-field",
            "required": False,
            "schema": {
                "type": "dict",
                "strict": True,
                "keys_schema": {"type": "str", "strict": True},
                "values_schema": {"type": "str", "strict": True},
            },
        },
        "needs": {
            "type": "typed-dict-field",
            "required": False,
            "schema": {
                "type": "list",
                "strict": True,
                "items_schema": {"type": "str", "min_length": 1, "strict": True},
            },
        },
        "timeoutSeconds": {
            "type": "typed-dict-field",
            "required": False,
            "schema": {"type": "float", "gt": 0, "strict": True, "allow_inf_nan": False},
        },
        "allowFailure": {
            "type": "typed-dict-field",
            "required": False,
            "schema": {"type": "bool", "strict": True},
        },
        "failOnDegraded": {
            "type": "typed-dict-field",
            "required": False,
            "schema": {"type": "bool", "strict": True},
        },
        "failOnNoMatching": {
            "type": "typed-dict-field",
            "required": False,
            "schema": {"type": "bool", "strict": True},
        },
        "expectChecks": {
            "type": "typed-dict-field",
            "required": False,
            "schema": {
                "type": "nullable",
                "schema": {
                    "type": "typed-dict",
                    "extra_behavior": "forbid",
                    "fields": {
                        "min": {
                            "type": "typed-dict-field",
                            "required": False,
                            "schema": {
                                "type": "nullable",
                                "schema": {"type": "int", "ge": 0, "strict": True},
                            },
                        },
                        "max": {
                            "type": "typed-dict-field",
                            "required": False,
                            "schema": {
                                "type": "nullable",
                                "schema": {"type": "int", "ge": 0, "strict": True},
                            },
                        },
                        "include": {
                            "type": "typed-dict-field",
                            "required": False,
                            "schema": {
                                "type": "list",
                                "strict": True,
                                "items_schema": {"type": "str", "min_length": 1, "strict": True},
                            },
                        },
                        "exclude": {
                            "type": "typed-dict-field",
                            "required": False,
                            "schema": {
                                "type": "list",
                                "strict": True,
                                "items_schema": {"type": "str", "min_length": 1, "strict": True},
                            },
                        },
                    },
                },
            },
        },
        "quorum": {
            "type": "typed-dict-field",
            "required": False,
            "schema": {"type": "nullable", "schema": {"type": "int", "ge": 1, "strict": True}},
        },
        "quarantine": {
            "type": "typed-dict-field",
            "required": False,
            "schema": {
                "type": "list",
                "strict": True,
                "items_schema": {
                    "type": "typed-dict",
                    "extra_behavior": "forbid",
                    "fields": {
                        "check": {
                            "type": "typed-dict-field",
                            "required": True,
                            "schema": {"type": "str", "min_length": 1, "strict": True},
                        },
                        "reason": {
                            "type": "typed-dict-field",
                            "required": True,
                            "schema": {"type": "str", "min_length": 1, "strict": True},
                        },
                        "owner": {
                            "type": "typed-dict-field",
                            "required": True,
                            "schema": {"type": "str", "min_length": 1, "strict": True},
                        },
                        "until": {
                            "type": "typed-dict-field",
                            "required": True,
                            "schema": {
                                "type": "chain",
                                "steps": [
                                    {
                                        "type": "str",
                                        "strict": True,
                                        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
                                    },
                                    {"type": "date", "strict": False},
                                ],
                            },
                        },
                    },
                },
            },
        },
    },
}
DEFAULTS: Final[dict[str, Any]] = {
    "TriggerTestSessionRequest": {
        "environmentVariables": [],
        "retryStrategy": None,
        "refreshCache": False,
    },
    "Target": {"matchTags": [], "checkId": [], "allowDeactivated": False},
    "EnvironmentVariable": {"locked": False, "secret": False},
    "BackoffRetryStrategy": {
        "baseBackoffSeconds": 60,
        "sameRegion": True,
        "onlyOn": [],
        "maxRetries": 2,
        "maxDurationSeconds": 600,
    },
    "SingleRetryStrategy": {"baseBackoffSeconds": 60, "sameRegion": True, "onlyOn": []},
    "Settings": {
        "description": None,
        "labels": {},
        "needs": [],
        "timeoutSeconds": 1200,
        "allowFailure": False,
        "failOnDegraded": False,
        "failOnNoMatching": True,
        "expectChecks": None,
        "quorum": None,
        "quarantine": [],
    },
    "ExpectChecks": {"min": None, "max": None, "include": [], "exclude": []},
}
