// Titles of pages. The pages themselves are other widgets: a style hides all
// but one, wherever and whenever they are drawn.
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

function render({ model, el }) {
  el.classList.add("d2l-tab-bar");
  const style = document.createElement("style");
  const list = document.createElement("div");
  list.setAttribute("role", "tablist");
  const choose = (number) => {
    model.set("selected", number);
    model.save_changes();
  };
  const tabs = model.get("titles").map((title, number) => {
    const tab = document.createElement("button");
    tab.type = "button";
    tab.textContent = title;
    tab.setAttribute("role", "tab");
    tab.addEventListener("click", () => choose(number));
    return tab;
  });
  const walk = (event) => {
    const last = tabs.length - 1;
    const now = model.get("selected");
    const ends = { Home: 0, End: last };
    if (!(event.key in STEPS) && !(event.key in ends)) return;
    const next = ends[event.key] ?? now + STEPS[event.key];
    choose((next + tabs.length) % tabs.length);
    tabs[model.get("selected")].focus();
    event.preventDefault();
    event.stopPropagation();
  };
  const show = () => {
    const now = model.get("selected");
    const pages = `.${model.get("box")} > .d2l-page`;
    style.textContent = `${pages}:not(.d2l-page-${now}) {
      display: none !important;
    }`;
    tabs.forEach((tab, number) => {
      tab.setAttribute("aria-selected", String(number === now));
      tab.tabIndex = number === now ? 0 : -1;
    });
  };
  list.addEventListener("keydown", walk);
  model.on("change:selected", show);
  show();
  list.append(...tabs);
  el.append(style, list);
  return () => model.off("change:selected", show);
}

export default { render };
