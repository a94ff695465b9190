"""The loopback universe: servers that misbehave on request, for the demo, the tests and people who write plug-ins.

with Universe() as universe:
    universe.add(Repository.generate("library", 300, seed=7))
    universe.faults("library", Faults(cut=Spot(page=2, times=1)))
    harvest(universe.oai_url("library"))
"""

from harvest_assets.testing.faults import Faults, Refusal, Spot
from harvest_assets.testing.records import Content, Record
from harvest_assets.testing.repository import Repository
from harvest_assets.testing.universe import Universe

__all__ = ["Content", "Faults", "Record", "Refusal", "Repository", "Spot", "Universe"]
