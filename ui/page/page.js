() => {
  // Gradio names its own parts in English, and each message by its raw Markdown; a screen reader
  // would read that aloud. Each radio button is a group of its own. Put right here, again whenever
  // Gradio draws anew.
  const set = (element, attribute, value) => {
    if (element && value && element.getAttribute(attribute) !== value)
      element.setAttribute(attribute, value);
  };
  const name = () => {
    const title = document.getElementById("v-talk-title");
    set(document.querySelector('#v-chat [role="log"]'), "aria-label", title?.textContent.trim());
    for (const who of ["user", "bot"])
      for (const message of document.querySelectorAll(`#v-chat [data-testid="${who}"]`)) {
        set(message, "role", "group");
        set(message, "aria-label", title?.dataset[who]);
      }
    for (const call of document.querySelectorAll('#v-chat a[href^="tel:"]'))
      call.removeAttribute("target");
    for (const choice of document.querySelectorAll("fieldset.v-choice")) {
      set(choice, "aria-label", choice.querySelector('[data-testid="block-info"]')?.textContent.trim());
      for (const button of choice.querySelectorAll("input")) set(button, "name", choice.id);
    }
    const box = document.querySelector("#v-question-block textarea, #v-question-block input");
    set(box, "id", "v-question");
    set(box, "enterkeyhint", "send");
    const sources = document.getElementById("v-sources");
    set(sources, "role", "region");
    set(sources, "aria-labelledby", "v-sources-title");
    set(document.getElementById("v-about"), "role", "contentinfo");
    set(document.getElementById("v-top"), "role", "banner");
  };
  let due = false;
  new MutationObserver(() => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      name();
    });
  }).observe(document.querySelector("gradio-app") ?? document.body, {
    subtree: true,
    childList: true,
    attributeFilter: ["aria-label", "name"],
  });

  // A marker leads to its card, also into a folded one. The page has a <base>, so that a plain
  // #fragment would load the page anew.
  const follow = (event) => {
    const link = event.target.closest?.('a[href*="#fuente-"], a.v-skip');
    if (!link) return;
    event.preventDefault();
    event.stopPropagation();
    const target = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!target) return;
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details"))
      fold.open = true;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    target.focus({ preventScroll: true });
    target.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
  };
  document.addEventListener("click", follow, true);

  window.ventanilla = {
    speak: (language) => {
      document.documentElement.lang = language === "pt" ? "pt-BR" : language;
      name();
      return [];
    },
    // The question stays at the top of the view, so that the answer is read from its beginning.
    answered: () => {
      const mine = document.querySelectorAll("#v-chat .user-row");
      const last = mine[mine.length - 1];
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      last?.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
      return [];
    },
    renewed: () => {
      document.getElementById("v-question")?.focus();
      return [];
    },
  };
  name();
}
