// A button that asks the kernel for a file and hands it to the browser.
function render({ model, el }) {
  const button = document.createElement("button");
  button.className = "jupyter-button widget-button lm-Widget";
  const label = () => {
    button.textContent = model.get("description");
    button.title = model.get("tooltip");
    button.disabled = model.get("disabled");
  };
  const ask = () => model.send({ what: "wanted" });
  const take = (message, buffers) => {
    if (message.what !== "file") return;
    const url = URL.createObjectURL(
      new Blob([buffers[0]], { type: message.type }),
    );
    const link = document.createElement("a");
    link.href = url;
    link.download = message.name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
  };
  const watched = "change:description change:tooltip change:disabled";
  button.addEventListener("click", ask);
  model.on(watched, label);
  model.on("msg:custom", take);
  label();
  el.append(button);
  return () => {
    model.off(watched, label);
    model.off("msg:custom", take);
  };
}

export default { render };
