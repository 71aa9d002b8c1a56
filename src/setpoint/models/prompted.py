"""Asking for JSON in words, for models and endpoints that take no JSON schema."""

import dataclasses
import json

from setpoint.ports import Prompt

__all__ = ["without_schema"]


def without_schema(prompt: Prompt) -> Prompt:
    """The same prompt with its schema written into the user text instead of beside it."""
    if prompt.schema is None:
        return prompt
    schema = json.dumps(prompt.schema, ensure_ascii=False, sort_keys=True)
    asked = f"Reply with one JSON object that follows this JSON schema, and with nothing else:\n{schema}"
    return dataclasses.replace(prompt, user=f"{prompt.user}\n\n{asked}", schema=None)
