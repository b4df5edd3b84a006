"""Who may do what: agencies, users, roles, API keys, sessions and the audit trail.

    store = AccessStore.open(settings.access)
    principal = store.sessions.principal(token)     # or store.keys.principal("vk_…")
    if may(principal, "sync", entry): ...
    answer = await assistant.ask(request, tenants=principal.tenants)

Every door asks `may` (`ui.access.permissions`) and hands `principal.tenants` on; what a search may
see is decided by the filter in the index, never after it.
"""
