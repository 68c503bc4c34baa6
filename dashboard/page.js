// What Streamlit leaves to the browser: links that stay within the page, rows and marks of charts
// that are links as a whole, and text to copy. Without it every link still works, by a reload.
(() => {
  if (window.deliverySessions) return;
  window.deliverySessions = true;

  const main = () => document.querySelector("[data-testid=stMain]");

  // What a link leads to may be drawn a moment after the address has changed.
  const scrollTo = (selector, block, tries = 30) => {
    const found = document.querySelector(selector);
    if (found) found.scrollIntoView({ block });
    else if (tries) setTimeout(scrollTo, 100, selector, block, tries - 1);
  };

  const open = (href) => {
    const from = new URL(location.href);
    const to = new URL(href, location.href);
    if (to.origin !== location.origin) return void window.open(to, "_blank", "noopener");
    const place = to.hash;
    to.hash = "";
    history.pushState(null, "", to);
    // Streamlit runs the page of the address, as after the back button.
    dispatchEvent(new PopStateEvent("popstate"));
    const isOther = ["id", "a", "b"].some((key) => from.searchParams.get(key) !== to.searchParams.get(key));
    if (place) scrollTo(place, "start");
    else if (from.pathname !== to.pathname || isOther) main()?.scrollTo(0, 0);
    else if (to.searchParams.get("event")) scrollTo("tr.opened", "center");
  };

  const hrefOf = (target) => {
    const link = target.closest?.("a[href]");
    if (link) return /^[.?]/.test(link.getAttribute("href")) ? link.getAttribute("href") : null;
    if (target.closest?.("button, input, label, summary")) return null;
    const row = target.closest?.("[data-href]");
    // Somebody who marks text to copy it does not want to leave.
    if (row && !getSelection().toString()) return row.dataset.href;
    // Vega keeps what a mark was drawn from at the mark.
    return target.__data__?.href || null;
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (button) {
      navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
      return;
    }
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const href = hrefOf(event.target);
    if (!href) return;
    event.preventDefault();
    event.stopPropagation();
    open(href);
  }, true);

  document.addEventListener("keydown", (event) => {
    const key = event.altKey && { ArrowUp: "before", ArrowDown: "after" }[event.key];
    const link = key && document.querySelector(`a[data-key=${key}]`);
    if (!link) return;
    event.preventDefault();
    link.click();
  });

  if (new URL(location.href).searchParams.get("event")) scrollTo("tr.opened", "center", 100);
})();
