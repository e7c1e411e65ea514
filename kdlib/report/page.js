"use strict";

// Sorting: a heading's button orders the rows; cells without a number come last.
function sortBy(table, column, direction) {
  const value = (row) => {
    const cell = row.cells[column];
    if (cell.dataset.sort !== undefined) return Number(cell.dataset.sort);
    return cell.textContent === "–" ? null : cell.textContent;
  };
  const compare = (a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) return (x === null) - (y === null);
    const order = typeof x === "number" ? x - y : x.localeCompare(y);
    return direction === "ascending" ? order : -order;
  };
  const body = table.tBodies[0];
  body.append(...[...body.rows].sort(compare));
}

for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    button.title = heading.title;
    heading.replaceChildren(button);
    button.addEventListener("click", () => {
      const other = { ascending: "descending", descending: "ascending" };
      const direction = other[heading.getAttribute("aria-sort")] || heading.dataset.first;
      headings.forEach((own) => own.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", direction);
      sortBy(table, column, direction);
    });
  });
}

// Examples: all text enters the page as text, never as markup.
const PAGE = 20;
const data = JSON.parse(document.getElementById("examples-data").textContent);
const [query, model, outcome] = ["query", "model", "outcome"].map((id) => document.getElementById(id));
const [list, more, found] = ["list", "more", "found"].map((id) => document.getElementById(id));
let matches = [];
let shown = 0;

for (const row of data.rows) {
  const written = row.outputs.filter(Boolean).map((output) => output[0]);
  row.text = [row.id, row.prompt, ...row.references, ...written].join("\n").toLowerCase();
}

function element(name, text, className) {
  const node = document.createElement(name);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
}

function headingCell(text, scope) {
  const cell = element("th", text);
  cell.scope = scope;
  return cell;
}

function predictions(row) {
  const table = element("table");
  table.append(element("caption", "First prediction of each model"));
  const head = table.createTHead().insertRow();
  head.append(...["model", "", "token F1", "prediction", "in its test"].map((text) => headingCell(text || "result", "col")));
  const body = table.createTBody();
  row.outputs.forEach((output, at) => {
    const line = body.insertRow();
    line.append(headingCell(data.models[at], "row"));
    if (output === null) {
      line.append(element("td", "–"), element("td", "–"), element("td", "no prediction for this row"), element("td", "–"));
      return;
    }
    const [text, right, f1, valid, passes, told] = output;
    line.append(element("td", right ? "✓ right" : "✗ wrong", right ? "right number" : "wrong number"));
    line.append(element("td", f1.toFixed(3), "number"));
    line.append(element("td", (text || "(empty)") + (valid ? "" : "   [not one Java statement]"), "code"));
    line.append(element("td", told === null ? "–" : told, told === null ? "" : passes ? "right" : "wrong"));
  });
  return table;
}

function article(row) {
  const node = element("article");
  node.append(element("h3", "Example " + row.id.slice(0, 12)));
  node.append(element("pre", row.prompt));
  for (const reference of row.references) {
    node.append(element("strong", "Reference"), element("pre", reference));
  }
  const scroll = element("div", undefined, "scroll");
  scroll.append(predictions(row));
  node.append(scroll);
  return node;
}

function chosen(row) {
  if (!row.text.includes(query.value.trim().toLowerCase())) return false;
  const outputs = model.value === "" ? row.outputs : [row.outputs[Number(model.value)]];
  const given = outputs.filter(Boolean);
  if (outcome.value === "all") return true;
  if (outcome.value.endsWith("passes")) {
    return given.some((output) => output[4] === true && (outcome.value === "passes" || !output[1]));
  }
  return given.some((output) => output[1] === (outcome.value === "right"));
}

function showMore() {
  list.append(...matches.slice(shown, shown + PAGE).map(article));
  shown = Math.min(shown + PAGE, matches.length);
  more.hidden = shown === matches.length;
  found.textContent = `${shown} of ${matches.length} matching rows shown`;
}

function refresh() {
  matches = data.rows.filter(chosen);
  shown = 0;
  list.replaceChildren();
  showMore();
}

model.append(new Option("any", ""), ...data.models.map((name, at) => new Option(name, String(at))));
document.getElementById("filters").hidden = false;
document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
[query, model, outcome].forEach((control) => control.addEventListener("input", refresh));
more.addEventListener("click", () => {
  const first = list.children.length;
  showMore();
  // The button may vanish under the keyboard's focus: go on at the first new example.
  list.children[first].tabIndex = -1;
  list.children[first].focus();
});
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((own) => (own.open = true)));
refresh();
