"""Users, keys and the audit trail, for administrators."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ui.access.keys import ROLES as KEY_ROLES
from ui.access.permissions import ROLES, Principal
from ui.console import Words, shown
from ui.console import people as logic
from ui.console.desk import Desk, Handlers
from ui.console.guard import DOWNLOADS


class PeopleTab:
    """Components of the part."""

    def __init__(self, desk: Desk, handlers: Handlers) -> None:
        self.desk, told = desk, handlers.told
        self.agency = gr.Dropdown(
            [], label=told["people_agency"], visible=False, elem_id="c-agency"
        )
        roles = [(told[f"role_{role}"], role) for role in ROLES]
        gr.HTML(f"<h3>{shown.cell(told['users_heading'])}</h3>")
        self.users = gr.HTML(elem_id="c-users")
        with gr.Accordion(told["user_add"], open=False):
            with gr.Row():
                self.name = self._text(told, "user_name", info="info_user_name")
                self.label = self._text(told, "user_label")
            with gr.Row():
                self.password = self._text(told, "user_password", info="info_password", secret=True)
                self.role = gr.Radio(roles, value="editor", label=told["user_role"])
            self.add = gr.Button(told["user_add"], variant="primary", elem_id="c-user-add")
        with gr.Accordion(told["user_change"], open=False):
            self.user = gr.Dropdown([], label=told["user_choose"], elem_id="c-user")
            with gr.Row():
                self.new_role = gr.Radio(roles, value="editor", label=told["user_role"])
                self.set_role = gr.Button(told["user_set_role"])
            with gr.Row():
                self.new_password = gr.Textbox(
                    label=told["user_password"], type="password", max_length=1000
                )
                self.set_password = gr.Button(told["user_set_password"])
            self.remove = gr.Button(told["user_remove"], variant="stop")
        gr.HTML(f"<h3>{shown.cell(told['keys_heading'])}</h3>")
        self.keys = gr.HTML(elem_id="c-keys")
        with gr.Accordion(told["key_add"], open=False):
            with gr.Row():
                self.key_label = gr.Textbox(
                    label=told["key_label"], max_length=200, elem_id="c-key-label"
                )
                self.key_role = gr.Radio(
                    [(told[f"role_{r}"], r) for r in KEY_ROLES],
                    value="reader",
                    label=told["user_role"],
                )
            with gr.Row():
                self.days = gr.Number(365, precision=0, minimum=1, label=told["key_days"])
                self.quota = gr.Number(
                    0, precision=0, minimum=0, label=told["key_quota"], info=told["info_key_quota"]
                )
            self.key_add = gr.Button(told["key_add"], variant="primary", elem_id="c-key-add")
        with gr.Accordion(told["key_revoke"], open=False):
            self.key = gr.Dropdown([], label=told["key_choose"], elem_id="c-key")
            self.revoke = gr.Button(told["key_revoke"], variant="stop")
        self.said = gr.HTML(elem_id="c-people-said")
        gr.HTML(f"<h3>{shown.cell(told['trail_heading'])}</h3>")
        self.trail = gr.HTML(elem_id="c-trail")
        self._wire(handlers)

    @staticmethod
    def _text(told: Words, name: str, *, info: str = "", secret: bool = False) -> gr.Textbox:
        return gr.Textbox(
            label=told[name],
            info=told[info] if info else None,
            type="password" if secret else "text",
            max_length=1000 if secret else 200,
            elem_id=f"c-{name.replace('_', '-')}",
        )

    @property
    def first(self) -> list[Any]:
        """What `state` gives values for."""
        return [self.agency, *self._lists]

    @property
    def _lists(self) -> list[Any]:
        return [self.users, self.user, self.keys, self.key, self.trail]

    def state(self, who: Principal, told: Words) -> list[Any]:
        """The agencies that may be chosen, and the lists of the first: their own."""
        choices: list[tuple[str, str]] = []
        if who.of_the_house:
            agencies = self.desk.house.access.agencies.list()
            choices = [(told["the_house"], ""), *((a.title, a.id) for a in agencies)]
        chosen = gr.Dropdown(choices=choices, value="" if choices else None, visible=bool(choices))
        return [chosen, *self.lists(who, told, None)]

    def lists(self, who: Principal, told: Words, agency: object) -> list[Any]:
        """Users, keys and the trail."""
        users, keys = logic.users(self.desk, who, agency), logic.keys(self.desk, who, agency)
        heads = [told[f"user_{name}"] for name in ("name", "label", "role", "since")]
        rows = [
            (u.name, u.label, told[f"role_{u.role}"], shown.moment(u.created_at)) for u in users
        ]
        key_heads = [
            told[f"key_{n}"] for n in ("prefix", "label", "role", "until", "quota", "state")
        ]
        key_rows = [
            (
                f"vk_{k.prefix}_…", k.label, told[f"role_{k.role}"], shown.moment(k.expires_at),
                k.daily_quota, told["key_revoked"] if k.revoked_at else told["key_valid"],
            )
            for k in keys
        ]  # fmt: skip
        good = [(f"{k.label} (vk_{k.prefix}_…)", k.prefix) for k in keys if not k.revoked_at]
        return [
            shown.table(heads, rows, told["users_none"]),
            gr.Dropdown(choices=[(u.label or u.name, u.name) for u in users], value=None),
            shown.table(key_heads, key_rows, told["keys_none"]),
            gr.Dropdown(choices=good, value=None),
            trail(logic.trail(self.desk, who), told),
        ]

    def _wire(self, handlers: Handlers) -> None:
        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        done, agency = [self.said, *self._lists], [self.agency]
        self.agency.input(handlers.once(self.lists), agency, self._lists, **quiet)
        given = [self.agency, self.name, self.label, self.password, self.role]
        self.add.click(handlers.once(self._add), given, [self.password, *done], **quiet)
        self.set_role.click(
            handlers.once(self._set_role), [self.agency, self.user, self.new_role], done, **quiet
        )
        self.set_password.click(
            handlers.once(self._set_password),
            [self.agency, self.user, self.new_password],
            [self.new_password, *done],
            **quiet,
        )
        self.remove.click(handlers.once(self._remove), [self.agency, self.user], done, **quiet)
        key = [self.agency, self.key_label, self.key_role, self.days, self.quota]
        self.key_add.click(handlers.once(self._key_add), key, done, **quiet)
        self.revoke.click(handlers.once(self._revoke), [self.agency, self.key], done, **quiet)

    def _add(
        self, who: Principal, told: Words, agency: object, name: object, label: object,
        password: object, role: object,
    ) -> list[Any]:  # fmt: skip
        user = logic.add_user(
            self.desk, who, agency, name=name, label=label, password=password, role=role
        )
        line = shown.note(told.say("user_added", name=user.name), "good")
        return ["", line, *self.lists(who, told, agency)]

    def _set_role(
        self, who: Principal, told: Words, agency: object, name: object, role: object
    ) -> list[Any]:
        logic.set_role(self.desk, who, name, role)
        return [shown.note(told["user_changed"], "good"), *self.lists(who, told, agency)]

    def _set_password(
        self, who: Principal, told: Words, agency: object, name: object, password: object
    ) -> list[Any]:
        logic.set_password(self.desk, who, name, password)
        return ["", shown.note(told["user_changed"], "good"), *self.lists(who, told, agency)]

    def _remove(self, who: Principal, told: Words, agency: object, name: object) -> list[Any]:
        logic.remove_user(self.desk, who, name)
        return [shown.note(told["user_removed"], "good"), *self.lists(who, told, agency)]

    def _key_add(
        self, who: Principal, told: Words, agency: object, label: object, role: object,
        days: object, quota: object,
    ) -> list[Any]:  # fmt: skip
        token = logic.add_key(
            self.desk, who, agency, label=label, role=role, days=days, quota=quota
        )
        line = shown.Html(
            shown.note(told["key_once"], "wait")
            + f'<p><code class="c-key">{shown.cell(token)}</code></p>'
        )
        return [line, *self.lists(who, told, agency)]

    def _revoke(self, who: Principal, told: Words, agency: object, prefix: object) -> list[Any]:
        logic.revoke_key(self.desk, who, prefix)
        return [shown.note(told["key_gone"], "good"), *self.lists(who, told, agency)]


def trail(lines: list[dict[str, Any]], told: Words) -> shown.Html:
    """The newest lines of the audit trail, and where to get all."""
    heads = [told[f"trail_{name}"] for name in ("at", "who", "door", "action", "target", "detail")]
    rows = [
        (shown.moment(x["at"]), x["who"], x["door"], x["action"], x["target"], x["detail"])
        for x in lines
    ]
    return shown.Html(downloads("rastro", told) + shown.table(heads, rows, told["trail_none"]))


def downloads(name: str, told: Words) -> shown.Html:
    """Links to a file as CSV and as JSON."""
    links = " · ".join(
        f'<a href="{DOWNLOADS}{name}.{kind}" download>{kind.upper()}</a>'
        for kind in ("csv", "json")
    )
    return shown.Html(f'<p class="c-downloads">{shown.cell(told["download"])}: {links}</p>')
