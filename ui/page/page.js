() => {
  // Gradio renders its own parts in English; these are put right whenever the language changes.
  const label = (selector, text) => {
    const found = document.querySelector(selector);
    if (found && text) found.setAttribute("aria-label", text);
  };
  const textOf = (selector) => document.querySelector(selector)?.textContent.trim();

  const name = () => {
    label('#v-chat [role="log"]', textOf("#v-talk-title"));
    const box = document.querySelector("#v-question-block textarea, #v-question-block input");
    if (box) {
      box.id = "v-question";
      box.setAttribute("enterkeyhint", "send");
    }
    const sources = document.querySelector("#v-sources");
    sources?.setAttribute("role", "region");
    sources?.setAttribute("aria-labelledby", "v-sources-title");
    document.querySelector("#v-about")?.setAttribute("role", "contentinfo");
    document.querySelector("#v-top")?.setAttribute("role", "banner");
  };

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
      requestAnimationFrame(name);
      setTimeout(name, 300);
      return [];
    },
    // The question stays at the top of the view, so that the answer is read from its beginning.
    answered: () => {
      name();
      const mine = document.querySelectorAll("#v-chat .user");
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
