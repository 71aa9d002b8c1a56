"""The workshop's prompts: package data, one file each; and the form of the replies they ask for."""

from collections.abc import Mapping

from setpoint.roles.prompting import environment

__all__ = ["object_schema", "render"]


def render(template: str, **values: object) -> str:
    """Fill a prompt template."""
    return environment("setpoint.rubric").get_template(template).render(**values).strip()


def object_schema(properties: Mapping[str, object]) -> dict[str, object]:
    """The JSON schema of an object with these properties, all of them, and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
