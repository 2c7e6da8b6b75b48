// Thumbnails to choose one picture from: radio buttons under the hood.
function render({ model, el }) {
  el.classList.add("d2l-picker");
  const group = `d2l-picker-${crypto.getRandomValues(new Uint32Array(2)).join("")}`;
  const draw = () => {
    const focused = el.contains(document.activeElement);
    const set = document.createElement("fieldset");
    const legend = document.createElement("legend");
    legend.textContent = model.get("label");
    set.append(legend);
    for (const item of model.get("items")) {
      const label = document.createElement("label");
      const input = document.createElement("input");
      const img = document.createElement("img");
      const name = document.createElement("span");
      input.type = "radio";
      input.name = group;
      input.value = item.name;
      input.checked = item.name === model.get("value");
      input.disabled = model.get("disabled");
      input.addEventListener("change", () => {
        model.set("value", item.name);
        model.save_changes();
      });
      img.src = item.src;
      img.alt = item.alt;
      label.title = item.title;
      name.textContent = item.name;
      label.append(input, img, name);
      set.append(label);
    }
    el.replaceChildren(set);
    if (focused) set.querySelector("input:checked")?.focus();
  };
  const choose = () => {
    for (const input of el.querySelectorAll("input"))
      input.checked = input.value === model.get("value");
  };
  const watch = [
    ["change:items change:label change:disabled", draw],
    ["change:value", choose],
  ];
  for (const [what, then] of watch) model.on(what, then);
  draw();
  return () => {
    for (const [what, then] of watch) model.off(what, then);
  };
}

export default { render };
