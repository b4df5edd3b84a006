"""The health agent."""

from agents.sectors import Profile, cues
from sources.document import Sector

PROFILE = Profile(name="health", scope=Sector.HEALTH, cues=cues("health"))
