"""The general agent: it sees every document, so a question is never lost for want of a sector."""

from agents.phrases import Phrases
from agents.sectors import Profile

PROFILE = Profile(name="general", scope=None, cues=Phrases(()))
