// Tables: sorted by a click or a key on a column's head, copied as CSV, paged where they are long.

/**
 * A table.
 *
 * columns: name; number (stands right, sorts by size); value(row), by which it sorts and which CSV has;
 *          show(row), a string or nodes (the value itself if left out); csv, columns [name, value(row)] that CSV
 *          has in its place; strong(row); long (a text of sentences), brief (a name); sort = false leaves it unsorted by heads.
 * options: name, rows, pageSize (all rows if left out), head (the first column names the row), id.
 */
function makeTable(options) {
  const columns = options.columns;
  let rows = options.rows;
  let sorted = null;
  let page = 0;
  const size = options.pageSize || Infinity;
  const body = element("tbody");
  const heads = columns.map((column, i) => element("th", { scope: "col", class: column.number ? "number" : null },
      element("button", { type: "button", onclick: () => sortBy(i) }, column.name)));
  const caption = element("caption", { class: "unseen" }, options.name);
  const table = element("table", { id: options.id }, caption, element("thead", {}, element("tr", {}, ...heads)), body);
  const copy = element("button", { type: "button", class: "button", onclick: () => copyTable() }, "Copy as CSV");
  const back = element("button", { type: "button", class: "button", onclick: () => turn(-1) }, "Previous");
  const on = element("button", { type: "button", class: "button", onclick: () => turn(1) }, "Next");
  const place = element("span");
  const pager = element("p", { class: "pager" }, place, back, on);
  const none = element("p", { class: "none", hidden: true }, "Nothing matches.");

  function sortBy(i) {
    const up = sorted && sorted.column === i ? !sorted.up : !columns[i].number;
    sorted = { column: i, up };
    heads.forEach((head, j) => {
      if (j === i) {
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
      } else {
        head.removeAttribute("aria-sort");
      }
    });
    page = 0;
    show();
    announce(`Sorted by ${columns[i].name}, ${up ? "ascending" : "descending"}`);
  }

  function inOrder() {
    if (!sorted) {
      return rows;
    }
    const column = columns[sorted.column];
    const missing = value => value === null || value === undefined || value === "" || Number.isNaN(value);
    return [...rows].sort((a, b) => {
      const first = column.value(a);
      const second = column.value(b);
      if (missing(first) || missing(second)) {
        return missing(first) - missing(second);
      }
      const order = column.number
          ? first - second
          : String(first).localeCompare(String(second), "en", { numeric: true });
      return sorted.up ? order : -order;
    });
  }

  function turn(by) {
    page += by;
    show();
  }

  function show() {
    const all = inOrder();
    const pages = Math.max(1, Math.ceil(all.length / size));
    page = Math.max(0, Math.min(page, pages - 1));
    const from = size === Infinity ? 0 : page * size;
    const shown = all.slice(from, from + size);
    body.replaceChildren(...shown.map(row => element("tr", {}, ...columns.map((column, i) => cell(column, i, row)))));
    none.hidden = all.length > 0;
    back.disabled = page === 0;
    on.disabled = page === pages - 1;
    pager.hidden = size === Infinity;
    back.hidden = on.hidden = pages === 1;
    place.textContent = all.length === 0 ? "0 rows"
        : `${showInteger(from + 1)} to ${showInteger(from + shown.length)} of ${showInteger(all.length)}`;
  }

  function cell(column, i, row) {
    const shown = column.show ? column.show(row) : column.value(row);
    const classes = [column.number ? "number" : "", column.long ? "long" : "", column.brief ? "brief" : "",
      column.strong && column.strong(row) ? "strong" : ""].join(" ").trim();
    const children = Array.isArray(shown) ? shown : [shown === null || shown === undefined ? "–" : shown];
    return options.head && i === 0
        ? element("th", { scope: "row" }, ...children)
        : element("td", { class: classes || null }, ...children);
  }

  function csv() {
    const flat = columns.flatMap(column => column.csv || [[column.name, column.value]]);
    const lines = [flat.map(([name]) => csvCell(name))];
    for (const row of inOrder()) {
      lines.push(flat.map(([, value]) => csvCell(value(row))));
    }
    return lines.map(line => line.join(",") + "\r\n").join("");
  }

  function copyTable() {
    copyText(csv()).then(
        () => tell(`Copied ${showInteger(rows.length)} rows`),
        () => tell("Cannot copy here"));
  }

  function tell(message) {
    copy.textContent = message;
    announce(message);
    setTimeout(() => { copy.textContent = "Copy as CSV"; }, 2500);
  }

  show();
  return {
    node: element("div", { class: "table" },
        element("div", { class: "bar" }, element("p", { class: "name" }, options.name), copy),
        element("div", { class: "scroll", role: "region", "aria-label": options.name, tabindex: "0" }, table, none),
        pager),
    setRows(others) {
      rows = others;
      page = 0;
      show();
    },
  };
}

/** RFC 4180. Texts are always quoted, so that none is read as a number or cut at a comma; numbers are as they are. */
function csvCell(value) {
  if (value === null || value === undefined || Number.isNaN(value)) {
    return "";
  }
  return typeof value === "number" ? String(value) : '"' + String(value).replaceAll('"', '""') + '"';
}

function copyText(text) {
  if (navigator.clipboard && window.isSecureContext) {
    return navigator.clipboard.writeText(text).catch(() => copyBySelection(text));
  }
  return copyBySelection(text);
}

/** Where a page opened from a file may not use the clipboard. */
function copyBySelection(text) {
  const area = element("textarea", { class: "unseen", readonly: true });
  area.value = text;
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (focused) {
    focused.focus();
  }
  return done ? Promise.resolve() : Promise.reject(new Error("not copied"));
}

/** A table of what variants have under names: one column for each. */
function variantTable(name, variants, columns, id) {
  return makeTable({
    name,
    id,
    head: true,
    rows: variants,
    columns: [{ name: "Variant", value: variant => variant.name }, ...columns],
  }).node;
}
