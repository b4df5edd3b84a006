"""The education agent."""

from agents.sectors import Profile, cues
from sources.document import Sector

PROFILE = Profile(name="education", scope=Sector.EDUCATION, cues=cues("education"))
