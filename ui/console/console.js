// A session that ended leads to the login form. Gradio would show a code; people want the way in.
(() => {
  document.documentElement.lang = "LANGUAGE";
  const real = window.fetch;
  window.fetch = async (...given) => {
    const answer = await real(...given);
    if (answer.status === 401) location.assign("/consola/entrar?lang=LANGUAGE&fin=1");
    return answer;
  };
})();
