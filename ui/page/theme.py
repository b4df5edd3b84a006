"""The colours and letters that Gradio's own parts take; `page.css` does the rest."""

from __future__ import annotations

import gradio as gr
from gradio.themes.utils import sizes

SYSTEM = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "monospace")


def theme() -> gr.themes.Base:
    """System fonts only (plain names: nothing is fetched), and the variables of `page.css`."""
    look = gr.themes.Base(
        font=SYSTEM, font_mono=MONO, text_size=sizes.text_lg, radius_size=sizes.radius_md
    )
    both = {
        "body_background_fill": "var(--v-ground)",
        "body_text_color": "var(--v-ink)",
        "body_text_color_subdued": "var(--v-quiet)",
        "background_fill_primary": "var(--v-paper)",
        "background_fill_secondary": "var(--v-ground)",
        "border_color_primary": "var(--v-line)",
        "block_background_fill": "transparent",
        "block_label_text_color": "var(--v-ink)",
        "block_title_text_color": "var(--v-ink)",
        "input_background_fill": "var(--v-paper)",
        "input_border_color": "var(--v-edge)",
        "input_border_color_focus": "var(--v-brand)",
        "input_placeholder_color": "var(--v-quiet)",
        "link_text_color": "var(--v-brand)",
        "link_text_color_hover": "var(--v-brand)",
        "link_text_color_visited": "var(--v-brand)",
        "button_primary_background_fill": "var(--v-brand-fill)",
        "button_primary_background_fill_hover": "var(--v-brand-deep)",
        "button_primary_text_color": "#ffffff",
        "button_secondary_background_fill": "var(--v-paper)",
        "button_secondary_background_fill_hover": "var(--v-tint)",
        "button_secondary_text_color": "var(--v-brand)",
        "checkbox_label_background_fill": "var(--v-paper)",
        "checkbox_label_background_fill_hover": "var(--v-tint)",
        "checkbox_label_background_fill_selected": "var(--v-tint)",
        "checkbox_label_text_color": "var(--v-ink)",
        "checkbox_label_text_color_selected": "var(--v-ink)",
        "checkbox_background_color_selected": "var(--v-brand)",
        "checkbox_border_color": "var(--v-edge)",
        "checkbox_border_color_selected": "var(--v-brand)",
        "color_accent_soft": "var(--v-tint)",
        "border_color_accent": "var(--v-brand)",
        "border_color_accent_subdued": "var(--v-line)",
    }
    dark = {f"{name}_dark": value for name, value in both.items() if _has_dark(look, name)}
    return look.set(block_border_width="0px", block_shadow="none", **both, **dark)


def _has_dark(look: gr.themes.Base, name: str) -> bool:
    return hasattr(look, f"{name}_dark")
