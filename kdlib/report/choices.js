// One panel of several, by radio buttons; print, and a browser without scripts, show them all.
for (const choice of document.querySelectorAll("fieldset.choice")) {
  const panels = [...document.querySelectorAll(`[data-panel="${choice.dataset.choice}"]`)];
  const show = () => {
    const chosen = choice.querySelector("input:checked").value;
    panels.forEach((panel) => panel.classList.toggle("other", panel.dataset.value !== chosen));
  };
  choice.addEventListener("input", show);
  choice.hidden = false;
  show();
}

// On paper nothing can be opened.
const paper = matchMedia("print");
paper.addEventListener("change", () => {
  for (const own of document.querySelectorAll("details")) {
    if (paper.matches) own.dataset.was = own.open ? "open" : "";
    own.open = paper.matches || own.dataset.was === "open";
  }
});
