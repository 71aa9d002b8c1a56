"""Untrusted text inside JUnit's XML and GitHub's workflow commands: cleaned, then escaped."""

from xml.sax.saxutils import escape, quoteattr

from setpoint.report.text import clean

__all__ = ["github_data", "github_property", "xml_attribute", "xml_text"]


def xml_text(text: str) -> str:
    """What stands between two tags."""
    return escape(clean(text))


def xml_attribute(text: str) -> str:
    """The value of an attribute, with its quotation marks."""
    return quoteattr(clean(text))


def github_data(text: str) -> str:
    """The message of a workflow command."""
    return clean(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def github_property(text: str) -> str:
    """The value of a property of a workflow command, such as its title."""
    return github_data(text).replace(":", "%3A").replace(",", "%2C")
