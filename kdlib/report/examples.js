// Examples: all text enters the page as text, never as markup.
const [query, model, outcome] = ["query", "model", "outcome"].map((id) => document.getElementById(id));
const [list, found] = ["list", "found"].map((id) => document.getElementById(id));
const OUTCOMES = {
  all: () => true,
  right: (output) => output[1],
  wrong: (output) => !output[1],
  compiles: (output) => output[4] >= 1 && output[4] !== null,
  "not compiles": (output) => output[4] === 0,
  "fails today": (output) => output[4] === 2,
  passes: (output) => output[4] >= 3,
  vacuous: (output) => output[4] === 3,
  valid: (output) => output[4] === 4,
  "wrong valid": (output) => output[4] === 4 && !output[1],
};
const PRINTED = 20;
let data = { models: [], rows: [] };

function element(name, text, className) {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
}

function prediction(row, at) {
  const line = element("li");
  const output = row.outputs[at];
  line.append(element("strong", data.models[at]), " ");
  if (output === null) {
    line.append("has no prediction for this row");
    return line;
  }
  const [text, right, f1, valid, reached, words] = output;
  line.append(right ? element("span", "✓ right", "right") : element("span", "✗ wrong", "wrong"), ", token F1 ");
  const number = element("span", f1.toFixed(3), "cited");
  number.dataset.file = "predictions_final.jsonl";
  number.dataset.key = `token_f1 where model = ${data.models[at]}, id = ${row.id}`;
  line.append(number, valid ? "" : ", not one Java statement");
  if (words !== null) line.append("; ", element("span", words, reached === 4 ? "right" : "wrong"));
  const code = element("pre");
  code.append(...(text ? marked(nearest(row.references, text)) : ["(empty)"]));
  line.append(code);
  return line;
}

function fill(node) {
  near.unobserve(node);
  if (node.querySelector(".sides")) return;
  const row = node.row;
  const sides = element("div", undefined, "sides");
  const [left, right] = [element("div"), element("div")];
  left.append(element("h4", "Focal method and test"), element("pre", row.prompt));
  right.append(element("h4", row.references.length > 1 ? "References" : "Reference"));
  right.append(...row.references.map((reference) => element("pre", reference)));
  right.append(element("h4", "First predictions"));
  const outputs = element("ul");
  outputs.append(...row.outputs.map((_, at) => prediction(row, at)));
  right.append(outputs);
  sides.append(left, right);
  node.append(sides);
}

// An article gets its content when it comes near, so that thousands of them cost little.
const near = new IntersectionObserver(
  (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => fill(entry.target)),
  { rootMargin: "1500px" },
);
// As many as the style sheet prints.
paper.addEventListener("change", () => [...list.children].slice(0, PRINTED).forEach(fill));

function article(row) {
  if (row.node) return row.node;
  row.node = element("article");
  row.node.row = row;
  row.node.tabIndex = -1;
  const title = element("h3", `Example ${row.id.slice(0, 12)}`);
  title.id = `example-${row.id}`;
  row.node.setAttribute("aria-labelledby", title.id);
  row.node.append(title);
  near.observe(row.node);
  return row.node;
}

function chosen(row) {
  if (!row.text.includes(query.value.trim().toLowerCase())) return false;
  const outputs = model.value === "" ? row.outputs : [row.outputs[Number(model.value)]];
  return outputs.filter(Boolean).some(OUTCOMES[outcome.value]) || (outcome.value === "all" && model.value === "");
}

function refresh() {
  const matches = data.rows.filter(chosen);
  const nodes = matches.map(article);
  nodes.forEach((node, at) => {
    node.tabIndex = at ? -1 : 0;
    node.setAttribute("aria-posinset", at + 1);
    node.setAttribute("aria-setsize", nodes.length);
  });
  list.replaceChildren(...nodes);
  list.hidden = !nodes.length;
  found.textContent = `${matches.length} of ${data.rows.length} examples match`;
}

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

// The list is one stop of the Tab key: from example to example lead Page Down and Page Up, into it the right arrow.
list.addEventListener("keydown", (event) => {
  const own = event.target.closest("article");
  const to = { PageDown: own.nextElementSibling, PageUp: own.previousElementSibling }[event.key];
  const inside = event.key === "ArrowRight" && event.target === own && own.querySelector(NUMBERS);
  if (event.key === "ArrowLeft" && event.target !== own && event.target === own.querySelector(NUMBERS)) {
    event.preventDefault();
    own.focus();
  } else if (to) {
    event.preventDefault();
    go(own, to);
  } else if (inside) {
    event.preventDefault();
    inside.tabIndex = -1;
    inside.focus();
  }
});

async function start() {
  if (!window.DecompressionStream) {
    found.textContent = "This browser cannot unpack the examples; it is older than 2023.";
    return;
  }
  data = await unpacked(document.getElementById("examples-data").textContent);
  for (const row of data.rows) {
    const written = row.outputs.filter(Boolean).map((output) => output[0]);
    row.text = [row.id, row.prompt, ...row.references, ...written].join("\n").toLowerCase();
  }
  model.append(new Option("any", ""), ...data.models.map((name, at) => new Option(name, String(at))));
  const form = document.getElementById("filters");
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  const marks = document.getElementById("marks");
  marks.addEventListener("input", () => list.classList.toggle("plain", !marks.checked));
  [query, model, outcome].forEach((control) => control.addEventListener("input", refresh));
  refresh();
}
start();
