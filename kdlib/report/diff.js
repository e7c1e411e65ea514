// Differences of two assertions by Java tokens.
const TOKEN = /\s*("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])'|[\p{L}\p{N}_$]+|\S)/gu;

function tokens(text) {
  return [...text.matchAll(TOKEN)].map((found) => ({ shown: found[0], token: found[1] }));
}

// Lengths of the longest common subsequences of all pairs of ends.
function lengths(a, b) {
  const width = b.length + 1;
  const table = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const same = a[i].token === b[j].token;
      table[i * width + j] = same
        ? table[(i + 1) * width + j + 1] + 1
        : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
    }
  }
  return table;
}

// [kind, text] pairs; "del" is only in the reference, "ins" only in the prediction, "" in both.
function difference(reference, prediction) {
  const [a, b] = [tokens(reference), tokens(prediction)];
  const table = lengths(a, b);
  const width = b.length + 1;
  const parts = [];
  const add = (kind, text) => {
    const last = parts[parts.length - 1];
    if (last && last[0] === kind) last[1] += text;
    else parts.push([kind, text]);
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i].token === b[j].token) {
      add("", b[j].shown);
      i++;
      j++;
    } else if (j === b.length || (i < a.length && table[(i + 1) * width + j] >= table[i * width + j + 1])) {
      add("del", a[i++].shown);
    } else {
      add("ins", b[j++].shown);
    }
  }
  return parts;
}

// The difference from the nearest of several references.
function nearest(references, prediction) {
  const changed = (parts) => parts.reduce((sum, [kind, text]) => sum + (kind ? tokens(text).length : 0), 0);
  const all = references.map((reference) => difference(reference, prediction));
  return all.reduce((best, own) => (changed(own) < changed(best) ? own : best));
}

function marked(parts) {
  return parts.map(([kind, text]) => {
    if (!kind) return document.createTextNode(text);
    return Object.assign(document.createElement(kind), { textContent: text });
  });
}
