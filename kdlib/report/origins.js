// Provenance: hover, focus or tap a number to see its file, its key and what the file was made from.
const NUMBERS = "td.number, .cited";
const origins = JSON.parse(document.getElementById("origins-data").textContent);
const tip = document.getElementById("tip");
let told = null;
let waiting = 0;

function whereabouts(node) {
  if (!node.matches("td")) return { file: node.dataset.file, key: node.dataset.key, note: node.dataset.note };
  const row = node.parentElement;
  const table = row.closest("table");
  const heading = table.tHead.rows[0].cells[node.cellIndex];
  const [own, column] = [row.dataset.key || row.cells[0].textContent, heading.dataset.key || heading.textContent];
  // A column's key may have the row's in it.
  const filled = (form) => (form || "").replace("{col}", () => column).replaceAll("{row}", () => own);
  return { file: row.dataset.file || filled(table.dataset.file), key: filled(table.dataset.key), note: node.dataset.note };
}

function origin(node) {
  const { file, key, note } = whereabouts(node);
  const from = origins[file];
  if (!from) return note ? [note] : [];
  const lines = [`${from.path}: ${key}`];
  if (note) lines.push(note);
  lines.push(`sha256 ${from.sha256}`);
  if (from.rule) {
    lines.push(`made by ${from.rule}, ${from.jobs} jobs behind it`);
    lines.push(`config ${from.config}`, `code ${from.code}`, `data ${from.data}`);
  } else {
    lines.push("config, code and data are not recorded: no manifest tells which job made this file");
  }
  return lines;
}

function place() {
  if (!told) return;
  const at = told.getBoundingClientRect();
  const own = tip.getBoundingClientRect();
  const below = at.bottom + own.height + 4 <= innerHeight;
  tip.style.left = `${Math.max(4, Math.min(at.left, innerWidth - own.width - 4))}px`;
  tip.style.top = `${below ? at.bottom + 2 : Math.max(4, at.top - own.height - 2)}px`;
}

function tell(node) {
  clearTimeout(waiting);
  const lines = origin(node);
  if (!lines.length) return;
  tip.replaceChildren(...lines.map((line) => Object.assign(document.createElement("div"), { textContent: line })));
  tip.hidden = false;
  if (told && told !== node) told.removeAttribute("aria-describedby");
  told = node;
  node.setAttribute("aria-describedby", "tip");
  place();
}

function untell() {
  clearTimeout(waiting);
  if (told) told.removeAttribute("aria-describedby");
  told = null;
  tip.hidden = true;
}

function later(action, milliseconds) {
  clearTimeout(waiting);
  waiting = setTimeout(action, milliseconds);
}

// One number of each table or list is in the tab order; arrow keys go on from there.
function group(node) {
  return node.closest("table") || node.closest("article") || node.closest("ul, p, figcaption");
}

function enter(root) {
  const first = root.querySelector(NUMBERS);
  if (first) first.tabIndex = 0;
}

function neighbour(node, key) {
  const all = [...group(node).querySelectorAll(NUMBERS)];
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key];
  if (!step) return null;
  if (!node.matches("td") || key === "ArrowRight" || key === "ArrowLeft") return all[all.indexOf(node) + step];
  const column = all.filter((own) => own.cellIndex === node.cellIndex);
  return column[column.indexOf(node) + step];
}

function go(from, to) {
  if (from.tabIndex === 0) from.tabIndex = -1;
  // The list of examples is one stop, whatever its articles hold.
  to.tabIndex = to.matches("article *") ? -1 : 0;
  to.focus();
}

document.querySelectorAll("table[data-key]").forEach(enter);
new Set([...document.querySelectorAll(".cited")].map(group)).forEach(enter);

document.addEventListener("pointerover", (event) => {
  if (event.pointerType !== "mouse") return;
  const node = event.target.closest(NUMBERS);
  if (node) later(() => tell(node), 120);
  else if (event.target.closest("#tip")) clearTimeout(waiting);
  else if (told && told !== document.activeElement) later(untell, 200);
});
document.addEventListener("click", (event) => {
  const node = event.target.closest(NUMBERS);
  if (!node) return event.target.closest("#tip") || untell();
  if (!node.hasAttribute("tabindex")) node.tabIndex = -1;
  node.focus();
  return tell(node);
});
document.addEventListener("focusin", (event) => (event.target.matches(NUMBERS) ? tell(event.target) : untell()));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") untell();
  if (!event.target.matches(NUMBERS)) return;
  const next = neighbour(event.target, event.key);
  if (!next) return;
  event.preventDefault();
  go(event.target, next);
});
document.addEventListener("scroll", place, { capture: true, passive: true });
