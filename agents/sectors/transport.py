"""The transport agent."""

from agents.sectors import Profile, cues
from sources.document import Sector

PROFILE = Profile(name="transport", scope=Sector.TRANSPORT, cues=cues("transport"))
