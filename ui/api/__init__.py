"""The doors for other programs: the typed API, `/v1` as OpenAI's clients speak it, MCP, and messaging.

from ui.api import create_app
"""

from ui.api.app import create_app

__all__ = ["create_app"]
