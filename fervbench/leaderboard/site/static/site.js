// The site's only script: tables that sort and filter, and the page that compares two entries. Everything it writes
// goes into text nodes and attributes; no HTML is ever made of data.
"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const make = (tag, attributes = {}, ...children) => {
    const node = attributes.svg ? document.createElementNS(SVG, tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) if (name !== "svg") node.setAttribute(name, value);
    node.append(...children);
    return node;
  };

  // --- sorting -----------------------------------------------------------------------------------------------------
  const valueOf = (cell, kind) => {
    const given = cell.dataset.v ?? cell.textContent.trim();
    if (kind !== "number") return given.toLocaleLowerCase();
    const number = Number.parseFloat(given.replace(/[, ]/g, ""));
    return Number.isNaN(number) ? -Infinity : number;
  };
  const sortable = (table) => {
    const body = table.tBodies[0];
    const original = [...body.rows];
    const heads = [...table.tHead.rows[0].cells];
    const primary = heads.findIndex((head) => head.hasAttribute("aria-sort"));
    heads.forEach((head, column) => {
      if (!head.dataset.sort) return;
      const button = make("button", { type: "button" }, ...head.childNodes);
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort");
        const first = head.dataset.first ?? "ascending";
        const other = first === "ascending" ? "descending" : "ascending";
        const way = now === first ? other : first;
        heads.forEach((each) => each.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", way);
        const kind = head.dataset.sort;
        const keyed = original.map((row, i) => [valueOf(row.cells[column], kind), i, row]);
        keyed.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0) * (way === "ascending" ? 1 : -1) || a[1] - b[1]);
        body.replaceChildren(...keyed.map((each) => each[2]));
        if (primary >= 0) table.classList.toggle("resorted", column !== primary || way !== "ascending");
        table.dispatchEvent(new Event("sorted"));
      });
    });
  };
  document.querySelectorAll("table.sortable").forEach(sortable);

  // --- filtering ---------------------------------------------------------------------------------------------------
  const filter = (form) => {
    const table = document.getElementById(form.dataset.for);
    const rows = [...table.tBodies[0].rows];
    const texts = new Map(rows.map((row) => [row, row.querySelector("th").textContent.toLocaleLowerCase()]));
    const output = form.querySelector("output");
    const more = make("button", { type: "button", class: "more" }, "Show all");
    let most = 250; // rows at first: laying out a thousand takes a phone seconds
    more.addEventListener("click", () => { most = Infinity; apply(); });
    table.parentElement.after(more);
    const apply = () => {
      const wanted = Object.fromEntries(new FormData(form));
      const text = wanted.text.trim().toLocaleLowerCase();
      let shown = 0;
      for (const row of table.tBodies[0].rows) {
        const fits = ["trust", "year", "track"].every((key) => !wanted[key] || row.dataset[key] === wanted[key]);
        const found = fits && texts.get(row).includes(text);
        shown += found;
        row.hidden = !found || shown > most;
      }
      more.hidden = shown <= most;
      output.textContent = shown === rows.length ? `${rows.length} entries` : `${shown} of ${rows.length} entries`;
      const used = Object.entries(wanted).filter(([, value]) => value);
      history.replaceState(null, "", used.length ? `#${new URLSearchParams(used)}` : location.pathname + location.search);
    };
    for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
      if (form.elements[name]) form.elements[name].value = value;
    }
    form.hidden = false;
    form.addEventListener("input", apply);
    form.addEventListener("change", apply);
    table.addEventListener("sorted", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(apply));
    apply();
  };
  document.querySelectorAll("form.filters[data-for]").forEach(filter);

  // --- points of charts --------------------------------------------------------------------------------------------
  document.querySelectorAll("svg.chart [data-href]").forEach((point) => {
    point.addEventListener("click", () => {
      const to = new URL(point.dataset.href, location.href);
      if (to.protocol === location.protocol && to.host === location.host) location.assign(to);
    });
  });

  // --- comparing two -----------------------------------------------------------------------------------------------
  const data = window.fervbench;
  const form = document.getElementById("choose");
  if (!data || !form) return;
  const out = document.getElementById("compared");
  const percent = (x, digits = 2) => (x === null || x === undefined ? "–" : (100 * x).toFixed(digits));
  const signed = (x) => (x === null ? "–" : Number((100 * Math.abs(x)).toFixed(2)) === 0 ? "0.00" : (x < 0 ? "−" : "+") + (100 * Math.abs(x)).toFixed(2));
  const probability = (p) => (p < 0.001 ? "< 0.001" : p.toFixed(3));
  const entries = new Map(data.entries.map((entry) => [entry.slug, entry]));

  const row = (...cells) => make("tr", {}, ...cells.map((cell, i) => {
    if (cell instanceof Node) return make(i ? "td" : "th", i ? {} : { scope: "row" }, cell);
    const [text, kind] = Array.isArray(cell) ? cell : [cell, i ? "num" : ""];
    return make(i ? "td" : "th", i ? { class: kind } : { scope: "row" }, String(text));
  }));
  const tableOf = (heads, rows, caption) => {
    const head = make("tr", {}, ...heads.map((text, i) => make("th", { scope: "col", class: i ? "num" : "" }, text)));
    const table = make("table", {}, make("caption", {}, caption), make("thead", {}, head), make("tbody", {}, ...rows));
    return make("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": caption }, table);
  };
  const dumbbell = (a, b, low, high) => {
    const at = (x) => (4 + (192 * (x - low)) / (high - low || 1)).toFixed(1);
    const svg = make("svg", { svg: 1, class: "dumbbell", viewBox: "0 0 200 16", "aria-hidden": "true" });
    svg.append(make("path", { svg: 1, d: "M4 8H196" }));
    svg.append(make("line", { svg: 1, x1: at(a), x2: at(b), y1: 8, y2: 8 }));
    svg.append(make("circle", { svg: 1, class: "a", cx: at(a), cy: 8, r: 4.5 }), make("circle", { svg: 1, class: "b", cx: at(b), cy: 8, r: 4.5 }));
    return svg;
  };
  const name = (entry, kind) => make("span", {}, make("span", { class: `sw ${kind}` }), make("a", { href: `entries/${entry.slug}.html` }, entry.name), ` (${entry.trust}, ${entry.year})`);

  const parts = (a, b, evaluation, tests, key, title) => {
    const first = a[key]?.[evaluation] ?? {};
    const second = b[key]?.[evaluation] ?? {};
    const names = Object.keys(first).filter((each) => each in second);
    if (!names.length) return [];
    const values = names.flatMap((each) => [first[each], second[each]]).filter((x) => x !== null);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const rows = names.map((each) => {
      const [x, y] = [first[each], second[each]];
      const test = tests?.[each];
      const moved = x === null || y === null ? null : x - y;
      const cells = [each, x === null || y === null ? "" : dumbbell(x, y, low, high), percent(x, 1), percent(y, 1), [signed(moved), `num ${test && test[2] < 0.05 ? (moved > 0 ? "up" : "down") : ""}`]];
      if (tests) cells.push(test ? `${test[0]} / ${test[1]}` : "–", test ? probability(test[2]) : "–");
      return row(...cells);
    });
    const heads = [title, "", a.short, b.short, "difference"];
    if (tests) heads.push("only first / only second right", "p, adjusted");
    const section = make("section", { class: "card" }, make("h2", {}, `By ${title}`));
    section.append(tableOf(heads, rows, key === "cells" ? `${data.metrics[0]} of each part` : "Recall of each class"));
    return [section];
  };

  const show = () => {
    const a = entries.get(form.elements.a.value);
    const b = entries.get(form.elements.b.value);
    out.replaceChildren();
    if (!a || !b) return;
    const both = Object.keys(a.scores).filter((each) => each in b.scores);
    const select = form.elements.e;
    const wanted = both.includes(select.value) ? select.value : both[0];
    select.replaceChildren(...both.map((each) => make("option", { value: each }, each.replaceAll("-", " "))));
    if (wanted) select.value = wanted;
    history.replaceState(null, "", `#${new URLSearchParams({ a: a.slug, b: b.slug, ...(wanted ? { e: wanted } : {}) })}`);
    if (a === b) return out.append(make("p", { class: "note" }, "These are the same entry: choose another one."));
    if (!wanted) return out.append(make("p", { class: "note" }, "These two have no evaluation in common."));
    const straight = data.pairs[wanted]?.[`${a.slug} ${b.slug}`];
    const turned = data.pairs[wanted]?.[`${b.slug} ${a.slug}`];
    const sign = straight ? 1 : -1;
    const pair = straight ?? turned;
    const flip = (tests) => tests && Object.fromEntries(Object.entries(tests).map(([key, [x, y, p]]) => [key, straight ? [x, y, p] : [y, x, p]]));
    const rows = [];
    const verdicts = [];
    for (const metric of data.metrics) {
      const [x, y] = [a.scores[wanted][metric], b.scores[wanted][metric]];
      if (!x || !y || x[0] === null || y[0] === null) continue;
      const moved = x[0] - y[0];
      const found = pair?.metrics[metric];
      let ends = null;
      let test = "none";
      let sure = false;
      if (found) {
        ends = sign > 0 ? [found.low, found.high] : [-found.high, -found.low];
        test = `${found.test}, p ${probability(found.p)}`;
        sure = found.p < 0.05;
      } else if (x[1] !== null && y[1] !== null) {
        const half = Math.hypot((x[2] - x[1]) / 2, (y[2] - y[1]) / 2);
        ends = [moved - half, moved + half];
        test = "from the numbers alone";
        sure = ends[0] > 0 || ends[1] < 0;
      }
      const better = moved > 0 ? a.name : b.name;
      verdicts.push(sure ? `${better} is better by ${metric}.` : ends ? `By ${metric} the test list does not tell them apart.` : `By ${metric} nothing can be said: no spread is known.`);
      rows.push(row(metric, percent(x[0]), percent(y[0]), [signed(moved), `num ${sure ? (moved > 0 ? "up" : "down") : ""}`], ends ? `${signed(ends[0])} to ${signed(ends[1])}` : "–", test));
    }
    const card = make("section", { class: "card" }, make("h2", {}, wanted.replaceAll("-", " ")));
    card.append(make("p", {}, name(a, "a"), " and ", name(b, "b")), make("p", { class: "verdict" }, verdicts.join(" ")));
    card.append(tableOf(["", a.short, b.short, "difference", "95 % interval", "test"], rows, "Scores in per cent, differences in points"));
    if (pair?.only) {
      const [x, y] = straight ? pair.only : [pair.only[1], pair.only[0]];
      card.append(make("p", {}, `${x.toLocaleString("en")} clips only the first has right, ${y.toLocaleString("en")} only the second.`));
    }
    if (a.fingerprint && b.fingerprint && a.fingerprint !== b.fingerprint) {
      card.append(make("p", { class: "note" }, "They were scored against different ground truths: the difference means little."));
    }
    out.append(card, ...parts(a, b, wanted, flip(pair?.targets), "cells", "part"), ...parts(a, b, wanted, flip(pair?.classes), "recall", "class"));
    const facts = make("section", { class: "card" }, make("h2", {}, "What they declare"));
    facts.append(tableOf(["", a.short, b.short], a.facts.map(([key, text], i) => row(key, [text, ""], [b.facts[i][1], ""])), "As their authors say"));
    out.append(facts);
  };

  for (const key of ["a", "b"]) {
    form.elements[key].append(...data.entries.map((entry) => make("option", { value: entry.slug }, `${entry.name} (${entry.year})`)));
  }
  const chosen = new URLSearchParams(location.hash.slice(1));
  const start = data.start;
  form.elements.a.value = entries.has(chosen.get("a")) ? chosen.get("a") : start[0];
  form.elements.b.value = entries.has(chosen.get("b")) ? chosen.get("b") : start[1];
  if (chosen.get("e")) form.elements.e.append(make("option", { value: chosen.get("e") }, ""));
  form.hidden = false;
  form.addEventListener("change", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.elements.swap.addEventListener("click", () => {
    [form.elements.a.value, form.elements.b.value] = [form.elements.b.value, form.elements.a.value];
    show();
  });
  show();
})();
