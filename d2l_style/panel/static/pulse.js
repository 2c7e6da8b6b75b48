// Tells the kernel, as long as it is on a page, that somebody looks.
const EVERY = 15000; // milliseconds; in a hidden tab browsers make it a minute

function render({ model }) {
  // A page that is being left is hidden too, but for good.
  let leaving = false;
  const beat = () => {
    const hidden = document.hidden && !leaving;
    try {
      model.send({ what: "here", hidden });
    } catch {
      end(); // the kernel has been started anew
    }
  };
  const events = [
    [document, "visibilitychange", beat],
    [window, "online", beat],
    [window, "pagehide", () => (leaving = true)],
    [window, "pageshow", () => (leaving = false)],
  ];
  const clock = setInterval(beat, EVERY);
  const end = () => {
    clearInterval(clock);
    for (const [who, name, heard] of events) {
      who.removeEventListener(name, heard);
    }
  };
  for (const [who, name, heard] of events) who.addEventListener(name, heard);
  beat();
  return end;
}

export default { render };
