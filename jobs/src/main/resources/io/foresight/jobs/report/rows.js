// Rows that variants write differently, and the examples.

const CARDS_SHOWN = 5;
const EXAMPLES_SHOWN = 10;

/** Variants that wrote the same, together. */
function groupedTexts(row) {
  const groups = new Map();
  for (const [name, written] of Object.entries(row.texts)) {
    const key = JSON.stringify([written.text, written.status, written.reward, written.error]);
    if (!groups.has(key)) {
      groups.set(key, { names: [], written });
    }
    groups.get(key).names.push(name);
  }
  return [...groups.values()];
}

function lacking(row, written) {
  const there = new Set(written.marks.map(mark => mark.word));
  return written.text === null ? [] : row.words.filter(word => !there.has(word));
}

function writtenElement(written) {
  return written.text === null
      ? element("span", { class: "failed" }, textElement(written.error || "no output", []))
      : textElement(written.text, written.marks);
}

function card(row) {
  const colours = scheme();
  const outputs = groupedTexts(row).map(({ names, written }) => {
    const lacks = lacking(row, written);
    return element("div", { class: "output" },
        element("p", { class: "who" },
            ...names.map(name => element("b", {},
                element("span", { class: "dot", "--colour": colourOf(name, colours) }), name))),
        element("p", { class: "who" },
            statusElement(written.status),
            isNumber(written.reward)
                ? element("span", { class: "muted" }, `reward ${showNumber("mean_reward", written.reward)}`) : null),
        element("p", {}, writtenElement(written)),
        lacks.length ? element("p", { class: "lacks" }, "lacks ", textElement(lacks.join(", "), [])) : null);
  });
  const where = [onlyIfSeveral(row.dataset), "row"].filter(word => word).join(", ");
  return element("article", { class: "card" },
      element("header", {},
          element("p", { class: "where" }, where + " ", textElement(row.id, []),
              row.spread > 0 ? `, rewards differ by ${showNumber("mean_reward", row.spread)}` : ""),
          element("p", { class: "prompt" }, textElement(row.prompt, []))),
      element("div", { class: "outputs" }, ...outputs));
}

function showDiffering(section) {
  const rows = data.rows.filter(row => Object.keys(row.texts).length > 1 && row.spread > 0);
  if (rows.length === 0) {
    return false;
  }
  const holder = section.querySelector("[data-rows]");
  const cards = element("div");
  const more = element("button", { type: "button", class: "button" });
  let shown = 0;
  const show = () => {
    cards.append(...rows.slice(shown, shown + CARDS_SHOWN).map(card));
    shown = Math.min(rows.length, shown + CARDS_SHOWN);
    more.hidden = shown === rows.length;
    more.textContent = `Show ${Math.min(CARDS_SHOWN, rows.length - shown)} more of ${showInteger(rows.length)}`;
  };
  more.addEventListener("click", show);
  show();
  holder.append(cards, more);
  // Dots have the colours of the scheme.
  dark.addEventListener("change", () => cards.replaceChildren(...rows.slice(0, shown).map(card)));
  return true;
}

/** How many rows the runs have: of each data set, those of the variant that has most. */
function allRows() {
  return datasets.reduce((sum, dataset) => sum + Math.max(0, ...variantsOn(dataset).map(rowsOf)), 0);
}

function rowsOf(variant) {
  return Object.values(variant.status).reduce((sum, count) => sum + count, 0);
}

function showExamples(section) {
  if (data.rows.length === 0) {
    return false;
  }
  const examples = data.rows.flatMap(row => Object.entries(row.texts).map(([variant, written]) => ({
    row, variant, written,
    sought: [row.id, row.prompt, written.text, written.error].filter(text => text).join("\n").toLowerCase(),
  })));
  const rows = showInteger(data.rows.length);
  const all = allRows();
  section.querySelector("[data-shown]").textContent = all > data.rows.length
      ? `This page holds ${rows} of ${showInteger(all)} rows, those `
          + (variantNames.length > 1 ? "on which variants differ most" : "with the lowest rewards") + " first."
      : `This page holds all ${rows} rows.`;

  const text = (name, value, more) => ({ name, value, ...more });
  const table = makeTable({
    name: "Outputs",
    id: "outputs",
    pageSize: EXAMPLES_SHOWN,
    rows: examples,
    columns: [
      text("Prompt", example => example.row.prompt,
          { long: true, show: example => [textElement(example.row.prompt, [])] }),
      variantNames.length > 1 ? text("Variant", example => example.variant, { brief: true }) : null,
      text("Output", example => example.written.text === null ? "" : example.written.text,
          { long: true, show: example => [writtenElement(example.written)] }),
      text("Status", example => example.written.status, { show: example => [statusElement(example.written.status)] }),
      examples.some(example => isNumber(example.written.reward))
          ? text("Reward", example => example.written.reward,
              { number: true, show: example => showNumber("mean_reward", example.written.reward) })
          : null,
      text("Tokens", example => example.written.tokens,
          { number: true, show: example => showInteger(example.written.tokens) }),
      datasets.length > 1 ? text("Data set", example => example.row.dataset, { brief: true }) : null,
      text("Row", example => example.row.id, { brief: true, show: example => [textElement(example.row.id, [])] }),
    ].filter(column => column),
  });
  section.querySelector("[data-tables]").append(table.node);

  const search = section.querySelector("#search");
  const filters = [
    ["#filter-dataset", unique(data.rows.map(row => row.dataset)), example => example.row.dataset],
    ["#filter-variant", unique(examples.map(example => example.variant)), example => example.variant],
    ["#filter-status", unique(examples.map(example => example.written.status)), example => example.written.status],
  ].map(([id, values, valueOf]) => {
    const select = section.querySelector(id);
    // By place, since a name may be anything, the empty text too.
    select.append(element("option", { value: "-1" }, "All"),
        ...values.map((value, i) => element("option", { value: String(i) }, value)));
    select.closest(".control").hidden = values.length < 2;
    return { select, values, valueOf };
  });
  const apply = () => {
    const sought = search.value.trim().toLowerCase();
    const matching = examples.filter(example => example.sought.includes(sought)
        && filters.every(({ select, values, valueOf }) =>
            select.value === "-1" || valueOf(example) === values[Number(select.value)]));
    table.setRows(matching);
    announce(`${showInteger(matching.length)} outputs match`);
  };
  section.querySelector("form").addEventListener("submit", event => event.preventDefault());
  search.addEventListener("input", apply);
  filters.forEach(({ select }) => select.addEventListener("change", apply));
  return true;
}
