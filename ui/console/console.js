(() => {
  // Gradio takes the browser's language for the page's; the words are of the console's own.
  const own = "LANGUAGE", root = document.documentElement;
  const speak = () => {
    if (root.lang.split("-")[0] !== own) root.lang = own;
  };
  new MutationObserver(speak).observe(root, { attributeFilter: ["lang"] });
  speak();

  // A session that ended leads to the login form. Gradio would show a code; people want the way in.
  const real = window.fetch;
  window.fetch = async (...given) => {
    const answer = await real(...given);
    if (answer.status === 401) location.assign(`/consola/entrar?lang=${own}&fin=1`);
    return answer;
  };
})();
