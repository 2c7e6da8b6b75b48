// A button and a place to drop files on. Large pictures are made smaller
// here, since a message of more than 10 MiB would cut the connection.
const PLAIN = /^image\/(jpeg|png|gif|webp|bmp|tiff)$/; // what Python reads
const BUSY = 4000; // ms until Python counts as busy
const PATIENCE = 60000; // ms until the next file does not wait for the last

function painted(img, side) {
  const scale = Math.min(1, side / Math.max(img.width, img.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(img.width * scale));
  canvas.height = Math.max(1, Math.round(img.height * scale));
  const brush = canvas.getContext("2d");
  brush.fillStyle = "#fff"; // the package puts pictures on white as well
  brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.imageSmoothingQuality = "high";
  brush.drawImage(img, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
}

// A bitmap is upright and in sRGB, and refuses a file that is cut off, which
// an <img> would show half grey.
async function smaller(file, { most, side }) {
  const img = await createImageBitmap(file);
  try {
    // Noise hardly shrinks as JPEG, and some browsers paint no large canvas.
    for (; side >= 256; side *= 0.75) {
      const blob = await painted(img, side);
      if (blob && blob.size <= most) return blob;
    }
  } finally {
    img.close();
  }
  throw new Error("It does not become small enough.");
}

const light = (file, most) => PLAIN.test(file.type) && file.size <= most;

function render({ model, el }) {
  el.classList.add("d2l-upload");
  const button = document.createElement("button");
  const input = document.createElement("input");
  const hint = document.createElement("span");
  const bar = document.createElement("progress");
  const status = document.createElement("span");
  button.className = "jupyter-button widget-button widget-upload";
  input.type = "file";
  bar.hidden = true;
  status.setAttribute("role", "status");
  el.append(button, hint, bar, status); // the button opens the input's dialog

  const label = () => {
    const icon = document.createElement("i");
    icon.className = "fa fa-upload";
    button.replaceChildren(icon, ` ${model.get("description")}`);
    button.title = model.get("tooltip");
    button.disabled = model.get("disabled");
    input.accept = model.get("accept");
    input.multiple = model.get("multiple");
    hint.textContent = model.get("sentences").drop;
  };
  const say = (what, places = {}) => {
    const sentence = model.get("sentences")[what] ?? "";
    status.textContent = sentence.replace(/\{(\w+)\}/g, (_, key) => places[key]);
    bar.setAttribute("aria-label", status.textContent);
  };

  // A file has arrived when Python says so. It says nothing while a cell
  // runs, or if the connection was cut: then the button must go on working.
  const waiting = new Map();
  let latest;
  const sent = (message, buffers, places) =>
    new Promise((done) => {
      const id = Math.floor(Math.random() * 2 ** 52);
      const busy = setTimeout(() => say("busy", places), BUSY);
      const given_up = setTimeout(done, PATIENCE);
      latest = id;
      waiting.set(id, () => {
        clearTimeout(busy);
        clearTimeout(given_up);
        waiting.delete(id);
        if (id === latest) say("");
        done();
      });
      model.send({ what: "file", id, ...message }, undefined, buffers);
    });
  const taken = (message) => {
    if (message.what === "taken") waiting.get(message.id)?.();
  };

  const carry = async (files) => {
    const limits = model.get("limits");
    bar.max = 2 * files.length + 1; // never full before it is done
    bar.hidden = false;
    for (const [i, file] of files.entries()) {
      const places = { name: file.name, k: i + 1, n: files.length };
      const message = {
        name: file.name,
        first: i === 0,
        last: i === files.length - 1,
      };
      bar.value = 2 * i + 1;
      const buffers = [];
      try {
        let blob = file;
        if (model.get("shrink") && !light(file, limits.light)) {
          say("shrinking", places);
          // What the browser cannot read goes as it is: Python may know it.
          const small = await smaller(file, limits).catch(() => file);
          const better = file.size <= small.size && light(file, limits.most);
          blob = better ? file : small;
        }
        if (blob.size > limits.most) message.too_large = file.size;
        else buffers.push(await blob.arrayBuffer());
      } catch {
        message.lost = true; // a folder, or a file that is gone
      }
      bar.value = 2 * i + 2;
      say("sending", places);
      await sent(message, buffers, places);
    }
  };
  let queue = Promise.resolve();
  const choose = (files) => {
    if (!files.length || model.get("disabled")) return;
    const some = model.get("multiple") ? [...files] : [files[0]];
    queue = queue
      .then(() => carry(some))
      .catch((error) => console.error(error))
      .finally(() => (bar.hidden = true));
  };

  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    choose(input.files);
    input.value = ""; // the same file may be chosen again
  });
  const over = (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    el.classList.toggle("d2l-over", event.type.startsWith("drag"));
    if (event.type === "drop") choose(event.dataTransfer.files);
  };
  for (const name of ["dragenter", "dragover", "drop"])
    el.addEventListener(name, over);
  el.addEventListener("dragleave", () => el.classList.remove("d2l-over"));
  const watched =
    "change:description change:tooltip change:disabled change:accept " +
    "change:multiple change:sentences";
  model.on(watched, label);
  model.on("msg:custom", taken);
  label();
  return () => {
    model.off(watched, label);
    model.off("msg:custom", taken);
  };
}

export default { render };
