"""An agency's first hour with the console: from the login to the first answered question."""

from urllib.parse import urlsplit

import pytest

from tests.browser import console


@pytest.mark.parametrize("language", [*console.STORIES])
def test_from_the_login_to_the_first_answered_question(browser, tmp_path, language):
    story = console.STORIES[language]
    requested: list[str] = []
    with console.serving(tmp_path / "home", story) as url:
        context = browser.new_context(locale=story.locale, viewport={"width": 800, "height": 900})
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.on("request", lambda request: requested.append(request.url))
        console.log_in(page, url, story)
        assert page.evaluate("document.documentElement.lang").startswith(language)
        assert story.agency in page.inner_text(".c-header")
        console.fill_in(page, story, console.archive(tmp_path, story))
        console.dry_run(page)
        assert "registro-mascotas" in page.inner_text("#c-preview")
        console.add(page)
        console.ask(page, story)
        assert story.answer in page.inner_text("#c-answer")
        assert page.locator("#c-trace .c-fold").count() >= 4
        assert page.evaluate("document.documentElement.scrollWidth") <= 800
        console.report(page, url, story)
        page.click(".c-who button")
        page.wait_for_selector("#password")
        context.close()
    asked = [each for each in requested if not each.startswith(("data:", "blob:"))]
    assert {urlsplit(each).hostname for each in asked} == {"127.0.0.1"}
