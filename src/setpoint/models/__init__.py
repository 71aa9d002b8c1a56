"""Models behind the `Model` port: ``provider:name`` → something that can be asked.

`resolve` is the way in. Over HTTP stand `providers.py` (the request), `failures.py` (what can go wrong) and
`retrying.py`; in this process stand `embedded.py`, `engine.py` and the pinned weights of `catalogue.py`. This package
is the only one that knows a provider's library, and it imports it when the first model of that kind is built.
"""

from setpoint.models.catalogue import Weights, catalogue
from setpoint.models.keys import keys_in
from setpoint.models.listing import Listed, listing
from setpoint.models.prices import price
from setpoint.models.resolve import prepare, provider_names, resolve
from setpoint.models.settings import ModelSettings
from setpoint.models.weights import fetch

__all__ = [
    "Listed",
    "ModelSettings",
    "Weights",
    "catalogue",
    "fetch",
    "keys_in",
    "listing",
    "prepare",
    "price",
    "provider_names",
    "resolve",
]
