"use strict";
// Without this the page is as good; with it, it is live: what is marked "live" is fetched anew when something happens.
(() => {
  const here = () => document.getElementById("live");
  if (!here() || !window.EventSource) return;
  let busy = false;
  let again = false;
  const refresh = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.getElementById("live");
        if (fresh) here().replaceWith(fresh);
      }
    } catch (error) {
      // The next event tries again.
    } finally {
      busy = false;
      if (again) { again = false; refresh(); }
    }
  };
  new EventSource("/events").onmessage = refresh;
})();
