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
    const log = document.querySelector('#v-chat [role="log"]');
    set(log, "aria-label", title?.textContent.trim());
    // An answer grows line by line: the log would read each of them. #v-status tells it once.
    set(log, "aria-live", "off");
    set(document.getElementById("v-status"), "role", "status");
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
    // Gradio changes the list in place, where a browser keeps what was chosen by hand.
    const region = document.getElementById("v-region");
    if (region && region.kept !== region.dataset.chosen)
      region.value = region.kept = region.dataset.chosen;
    const box = document.querySelector("#v-question-block textarea, #v-question-block input");
    set(box, "id", "v-question");
    set(box, "enterkeyhint", "send");
    const sources = document.getElementById("v-sources");
    set(sources, "role", "region");
    set(sources, "aria-labelledby", "v-sources-title");
    // Gradio puts all of it into one <main>, where neither banner nor contentinfo may stand.
    const about = document.getElementById("v-about");
    set(about, "role", "region");
    set(about, "aria-labelledby", "v-about-title");
    for (const mark of document.querySelectorAll("#v-chat li .v-tick:empty")) tick(mark);
  };

  // Steps and papers can be ticked off. What is kept is a number made of the line, in this tab only.
  const kept = (text) => {
    let sum = 7;
    for (const letter of text) sum = (Math.imul(sum, 31) + letter.codePointAt(0)) | 0;
    return `v-tick-${sum >>> 0}`;
  };
  const tick = (mark) => {
    const line = mark.closest("li");
    const text = line.textContent.trim();
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = sessionStorage.getItem(kept(text)) === "1";
    box.setAttribute("aria-label", text);
    line.classList.toggle("v-ticked", box.checked);
    box.addEventListener("change", () => {
      line.classList.toggle("v-ticked", box.checked);
      if (box.checked) sessionStorage.setItem(kept(text), "1");
      else sessionStorage.removeItem(kept(text));
    });
    mark.append(box);
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
    attributeFilter: ["aria-label", "name", "data-chosen"],
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

  // What can be done with an answer. The clipboard needs https; without it an old way is tried.
  const write = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const area = document.body.appendChild(document.createElement("textarea"));
      area.value = text;
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  };
  const act = async (event) => {
    const button = event.target.closest?.("#v-after [data-do]");
    if (!button) return;
    const actions = button.closest(".v-actions");
    const said = document.querySelector("#v-after .v-actions ~ .v-said");
    const text = actions.dataset.text;
    const url = new URL(`?${actions.dataset.query}`, location.href.split(/[?#]/)[0]).href;
    if (button.dataset.do === "print") return window.print();
    if (button.dataset.do === "share" && navigator.share) {
      // The reader may think better of it: that is no fault.
      return navigator.share({ title: document.title, text, url }).catch(() => {});
    }
    const done = await write(button.dataset.do === "copy" ? text : url);
    said.textContent = done ? button.dataset.said : actions.dataset.failed;
  };
  document.addEventListener("click", act);

  // Whether the answer helped: a "no" asks why first.
  const judge = async (form, useful, reason) => {
    const said = form.querySelector(".v-said");
    const given = { answer_id: form.dataset.answer, useful, reason };
    let kept = false;
    try {
      const reply = await fetch(new URL("api/feedback", document.baseURI), {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(given),
      });
      kept = reply.ok;
    } catch {
      kept = false;
    }
    said.textContent = kept ? form.dataset.thanks : form.dataset.failed;
    if (kept) {
      said.tabIndex = -1;
      said.focus();
      form.classList.add("v-done");
    }
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("#v-after [data-useful]");
    if (!button) return;
    const form = button.closest("form");
    const why = form.querySelector("fieldset");
    why.hidden = button.dataset.useful === "yes" || !why.hidden;
    form.querySelector('[data-useful="no"]').setAttribute("aria-expanded", String(!why.hidden));
    if (button.dataset.useful === "yes") judge(form, true, null);
    else why.querySelector("input")?.focus();
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches(".v-feedback")) return;
    event.preventDefault();
    judge(event.target, false, new FormData(event.target).get("v-why"));
  });
  addEventListener("beforeprint", () => {
    for (const fold of document.querySelectorAll("#v-sources .v-earlier")) fold.open = true;
  });

  window.ventanilla = {
    speak: (language) => {
      window.ventanilla.spoken = language;
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
      for (const key of Object.keys(sessionStorage))
        if (key.startsWith("v-tick-")) sessionStorage.removeItem(key);
      document.getElementById("v-question")?.focus();
      return [];
    },
  };
  name();
}
