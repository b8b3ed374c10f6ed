// Charts, all of them by ECharts. Each is drawn anew when its width or the scheme of colours changes, and for print.

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const charts = [];
let printing = false;

// After Okabe and Ito: told apart by people who see no red, no green or no blue.
const LIGHT_VARIANTS = ["#6b7280", "#0072b2", "#d55e00", "#009e73", "#b8578e", "#b07800", "#3f9bd1", "#5b3d91"];
const DARK_VARIANTS = ["#9aa3af", "#4aa8e0", "#f08a45", "#2fc79b", "#e39ac4", "#e8b13a", "#8fd0f5", "#b79be8"];
const SYMBOLS = [
  "circle", "rect", "triangle", "diamond",
  "path://M0,0 L10,0 L5,9 Z",
  "path://M3.5,0 h3 v3.5 h3.5 v3 h-3.5 v3.5 h-3 v-3.5 h-3.5 v-3 h3.5 Z",
  "path://M5,0 L10,3.8 L8.1,10 L1.9,10 L0,3.8 Z",
];
const DASHES = ["solid", [7, 4], [2, 3], [10, 3, 2, 3]];

// Blue where the reward passes, orange where not; strong where both agree.
const STATES = { s1: "#1f6fbf", s2: "#a9d1f7", s3: "#f9cb94", s4: "#c2570c" };
const PARTS = ["#0072b2", "#56b4e9", "#b07800", "#009e73", "#b8578e", "#d55e00", "#8a93a0", "#5b3d91"];

function scheme() {
  if (printing) {
    return { text: "#000000", muted: "#444444", line: "#c9ced6", panel: "#ffffff", variants: LIGHT_VARIANTS };
  }
  const style = getComputedStyle(document.documentElement);
  const read = name => style.getPropertyValue(name).trim();
  return {
    text: read("--text"), muted: read("--muted"), line: read("--line"), panel: read("--panel"),
    variants: dark.matches ? DARK_VARIANTS : LIGHT_VARIANTS,
  };
}

function place(variant) {
  return variantNames.indexOf(variant);
}

function colourOf(variant, colours) {
  // Grey is for what others are held against.
  const at = variantNames.length === 1 ? 1 : place(variant);
  return colours.variants[at % colours.variants.length];
}

function symbolOf(variant) {
  return SYMBOLS[place(variant) % SYMBOLS.length];
}

/** Black or white, whichever is read better on a colour. */
function inkOn(colour) {
  const [red, green, blue] = [1, 3, 5].map(i => parseInt(colour.slice(i, i + 2), 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue > 150 ? "#101418" : "#ffffff";
}

/**
 * Adds a chart to a holder of panels.
 *
 * title, note: what stands above it; description: what it shows, for who does not see it
 * build(width, colours): { height, option, after(chart) }
 */
function addChart(holder, { title, note, description, build }) {
  const space = element("div", { class: "chart", role: "img", "aria-label": description });
  holder.append(element("figure", { class: "panel" },
      element("figcaption", {}, title, note ? element("span", {}, (title ? " · " : "") + note) : null), space));
  const chart = { space, build, instance: null, width: 0 };
  charts.push(chart);
  return chart;
}

function draw(chart) {
  const width = printing ? 640 : Math.floor(chart.space.clientWidth);
  if (width === 0) {
    return;
  }
  const colours = scheme();
  const { height, option, after } = chart.build(width, colours);
  if (!chart.instance) {
    chart.space.style.height = height + "px";
    chart.instance = echarts.init(chart.space, null, { renderer: "svg", width, height });
  } else {
    chart.space.style.height = height + "px";
    chart.instance.resize({ width, height });
  }
  chart.width = width;
  chart.instance.setOption({
    animation: false,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: colours.text },
    ...option,
  }, true);
  if (after) {
    after(chart.instance);
  }
}

function drawAll() {
  charts.forEach(draw);
}

function watchCharts() {
  const resized = new ResizeObserver(entries => {
    for (const entry of entries) {
      const chart = charts.find(other => other.space === entry.target);
      if (chart && !printing && Math.floor(chart.space.clientWidth) !== chart.width) {
        draw(chart);
      }
    }
  });
  charts.forEach(chart => resized.observe(chart.space));
  dark.addEventListener("change", drawAll);
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach(details => { details.open = true; });
    printing = true;
    drawAll();
  });
  window.addEventListener("afterprint", () => {
    opened.forEach(details => { details.open = false; });
    printing = false;
    drawAll();
  });
  return resized;
}

function tooltip(colours, lines) {
  return {
    confine: true,
    backgroundColor: colours.panel,
    borderColor: colours.line,
    textStyle: { color: colours.text, fontSize: 13 },
    // An element, not a string, which would be taken for markup.
    formatter: at => element("div", { class: "tip" }, ...lines(at)
        .filter(line => line)
        .map((line, i) => element(i === 0 ? "b" : "span", {}, line))),
  };
}

function axis(colours, more) {
  return {
    axisLine: { lineStyle: { color: colours.line } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: colours.line, opacity: 0.7 } },
    nameTextStyle: { color: colours.muted, fontSize: 12 },
    ...more,
    axisLabel: { color: colours.muted, fontSize: 12, ...more.axisLabel },
  };
}

/** Lines with a cap at both ends, from point to point. */
function intervals(colours, pairs, others) {
  return {
    silent: true,
    animation: false,
    label: { show: false },
    symbol: ["none", "none"],
    data: [
      ...pairs.map(([from, to]) => [
        { coord: from, symbol: "rect", symbolSize: [9, 1.5],
          lineStyle: { type: "solid", width: 1.5, color: colours.text, opacity: 0.75 },
          itemStyle: { color: colours.text, opacity: 0.75 } },
        { coord: to, symbol: "rect", symbolSize: [9, 1.5], itemStyle: { color: colours.text, opacity: 0.75 } },
      ]),
      ...(others || []),
    ],
  };
}

const ruler = document.createElement("canvas").getContext("2d");

/** How wide a text is as charts write it, in pixels. */
function widthOf(text) {
  ruler.font = "12px " + getComputedStyle(document.body).fontFamily;
  return ruler.measureText(text).width;
}

function legendRows(names, width) {
  let rows = 1;
  let taken = 0;
  for (const name of names) {
    const wide = widthOf(name) + 41;
    if (taken > 0 && taken + wide > width + 4) {
      rows++;
      taken = 0;
    }
    taken += wide;
  }
  return rows;
}

function legend(colours, names, width) {
  const room = 22 * legendRows(names, width);
  return {
    room,
    option: {
      left: 0, bottom: 0, itemWidth: 22, itemHeight: 10, itemGap: 14, icon: undefined,
      textStyle: { color: colours.text, fontSize: 12 },
      inactiveColor: colours.line,
      tooltip: { show: false },
      data: names,
    },
  };
}
