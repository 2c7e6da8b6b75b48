// Two pictures in one place: the second is seen right of a line that moves.
function show(img, bytes, type) {
  // The old picture stays until the new one can be painted: no flicker.
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  const next = new Image();
  next.src = url;
  return next
    .decode()
    .then(() => {
      const old = img.src;
      img.src = url;
      if (old.startsWith("blob:")) URL.revokeObjectURL(old);
    })
    .catch(() => URL.revokeObjectURL(url));
}

function render({ model, el }) {
  el.classList.add("d2l-compare");
  const frame = document.createElement("div");
  const before = document.createElement("img");
  const after = document.createElement("img");
  const line = document.createElement("div");
  const range = document.createElement("input");
  const caption = document.createElement("div");
  const names = [document.createElement("span"), document.createElement("span")];
  frame.className = "d2l-frame";
  line.className = "d2l-line";
  caption.className = "d2l-caption";
  range.type = "range";
  range.min = 0;
  range.max = 100;
  caption.append(...names);
  frame.append(before, after, line, range);
  el.append(frame, caption);

  const move = () => {
    const at = model.get("position");
    range.value = at;
    after.style.clipPath = `inset(0 0 0 ${at}%)`;
    line.style.left = `${at}%`;
  };
  const label = () => {
    names[0].textContent = model.get("before_label");
    names[1].textContent = model.get("after_label");
    before.alt = names[0].textContent;
    after.alt = names[1].textContent;
    range.setAttribute(
      "aria-label",
      model
        .get("sentence")
        .replace("{left}", () => before.alt)
        .replace("{right}", () => after.alt),
    );
  };
  // While one picture is being decoded only the latest of the others waits.
  const painter = (img, name) => {
    let busy = false;
    let again = false;
    const paint = () => {
      const bytes = model.get(name);
      if (!bytes || !bytes.byteLength) return;
      if (busy) {
        again = true;
        return;
      }
      busy = true;
      show(img, bytes, "image/jpeg").then(() => {
        busy = false;
        if (again) {
          again = false;
          paint();
        }
      });
    };
    return paint;
  };
  const paint = [painter(before, "before"), painter(after, "after")];
  range.addEventListener("input", () => {
    model.set("position", Number(range.value));
    move();
    model.save_changes();
  });
  const watch = [
    ["change:before", paint[0]],
    ["change:after", paint[1]],
    ["change:position", move],
    ["change:before_label change:after_label", label],
  ];
  for (const [what, then] of watch) model.on(what, then);
  paint[0]();
  paint[1]();
  move();
  label();
  return () => {
    for (const [what, then] of watch) model.off(what, then);
    for (const img of [before, after])
      if (img.src.startsWith("blob:")) URL.revokeObjectURL(img.src);
  };
}

export default { render };
