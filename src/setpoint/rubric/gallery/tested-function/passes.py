import re

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_FORM = re.compile(r"\s*" + "".join(rf"(?:(?P<{unit}>[0-9]+){unit}\s*)?" for unit in _UNITS))


def parse_duration(text: str) -> int:
    """The seconds in a text such as "1h 30m"; ValueError if it is none."""
    found = _FORM.fullmatch(text)
    if found is None or not any(found.groupdict().values()):
        raise ValueError(f"{text!r} is not a duration such as 1h 30m")
    return sum(int(number) * _UNITS[unit] for unit, number in found.groupdict().items() if number)
