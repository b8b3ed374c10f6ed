// Elements and formats. Texts of the data only ever become text nodes: nothing here, or anywhere else in the page,
// takes a string for markup.

const page = JSON.parse(document.getElementById("data").textContent);
const data = page.report;

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) {
      continue;
    }
    if (key.startsWith("on")) {
      made.addEventListener(key.slice(2), value);
    } else if (key.startsWith("--")) {
      made.style.setProperty(key, value);
    } else {
      made.setAttribute(key, value === true ? "" : value);
    }
  }
  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
}

function unique(values) {
  return [...new Set(values)];
}

function isNumber(value) {
  return typeof value === "number" && Number.isFinite(value);
}

// The same figures as MetricFormat.java writes.
function metric(name) {
  return page.metrics[name] || { label: name, share: false, lowerIsBetter: false };
}

function significant(value) {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

function showNumber(name, value) {
  return !isNumber(value) ? "–" : metric(name).share ? (100 * value).toFixed(1) : significant(value);
}

function showValue(name, value) {
  return showNumber(name, value) + (metric(name).share && isNumber(value) ? "\u202f%" : "");
}

function showDifference(name, value) {
  return (value > 0 ? "+" : "") + showNumber(name, value) + (metric(name).share && isNumber(value) ? " points" : "");
}

function showPercent(value) {
  return isNumber(value) ? (100 * value).toFixed(1) + "\u202f%" : "–";
}

function showCount(value) {
  return isNumber(value) ? value.toFixed(Math.abs(value) < 100 ? 2 : 0) : "–";
}

function showInteger(value) {
  return isNumber(value) ? value.toLocaleString("en-US") : "–";
}

function showProbability(value) {
  return !isNumber(value) ? "–" : value < 0.0001 ? "< 0.0001" : value.toFixed(4);
}

function showInterval(name, estimate) {
  return isNumber(estimate.low) && isNumber(estimate.high)
      ? showNumber(name, estimate.low) + " to " + showNumber(name, estimate.high)
      : "";
}

function label(name) {
  const words = name.replaceAll("_", " ");
  // What has capitals of its own, such as chrF, keeps to them.
  return /^\S*[A-Z]/.test(words) ? words : words.charAt(0).toUpperCase() + words.slice(1);
}

function announce(message) {
  document.getElementById("announcer").textContent = message;
}

// What was compared, in the order asked for; the place of a name chooses its colour everywhere.
const variantNames = unique(data.variants.map(variant => variant.name));
const datasets = data.datasets.filter(dataset => data.variants.some(variant => variant.dataset === dataset));

function variantsOn(dataset) {
  return data.variants.filter(variant => variant.dataset === dataset);
}

function onlyIfSeveral(dataset) {
  return datasets.length > 1 ? dataset : "";
}

// Texts longer than this are cut until asked for.
const SHOWN_CHARACTERS = 420;

/** A text with its marks, as far as the character `end`. */
function markedNodes(text, marks, end) {
  const nodes = [];
  let at = 0;
  for (const mark of [...marks].sort((a, b) => a.start - b.start)) {
    const from = Math.max(at, Math.min(mark.start, end));
    const to = Math.min(mark.end, end);
    if (from >= to) {
      continue;
    }
    nodes.push(text.slice(at, from), element("mark", { title: mark.word }, text.slice(from, to)));
    at = to;
  }
  nodes.push(text.slice(at, end));
  return nodes;
}

function textElement(text, marks) {
  const body = element("span", { class: "text", dir: "auto" });
  const holder = element("span", {}, body);
  if (text.length <= SHOWN_CHARACTERS * 1.2) {
    body.append(...markedNodes(text, marks, text.length));
    return holder;
  }
  const button = element("button", { type: "button", class: "link", "aria-expanded": "false" });
  const show = all => {
    body.replaceChildren(...markedNodes(text, marks, all ? text.length : SHOWN_CHARACTERS), all ? "" : " …");
    button.textContent = all ? "Show less" : `Show all ${showInteger(text.length)} characters`;
    button.setAttribute("aria-expanded", String(all));
  };
  button.addEventListener("click", () => show(button.getAttribute("aria-expanded") !== "true"));
  show(false);
  holder.append(" ", button);
  return holder;
}

function statusElement(status) {
  const known = ["ok", "unsatisfied", "truncated", "error"].includes(status);
  return element("span", { class: "status" + (known ? " " + status : "") }, status);
}
