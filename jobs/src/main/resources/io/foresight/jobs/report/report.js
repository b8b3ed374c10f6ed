// Puts the page together. What there is nothing to say of stays hidden.

function within(section, selector) {
  return section.querySelector(selector);
}

function showHead() {
  document.title = data.title;
  document.getElementById("title").textContent = data.title;
  document.getElementById("summary").append(...data.summary.map(sentence => element("li", {}, sentence)));
  const created = new Date(data.created);
  const made = [
    ["Made by", [element("code", {}, data.command)]],
    ["On", [Number.isNaN(created.getTime())
        ? data.created
        : element("time", { datetime: data.created },
            created.toISOString().slice(0, 16).replace("T", " ") + " UTC")]],
    ["With", ["Foresight " + data.version]],
  ];
  document.getElementById("made").append(...made.flatMap(([name, value]) =>
      [element("dt", {}, name), element("dd", {}, ...value)]));
}

/** Columns of values by name, for a table of variants. */
function valueColumns(variants, valuesOf, show) {
  return unique(variants.flatMap(variant => Object.keys(valuesOf(variant)))).map(name => ({
    name: label(name),
    number: true,
    value: variant => valuesOf(variant)[name],
    show: variant => show(name, valuesOf(variant)[name]),
  }));
}

function estimateColumns(variants) {
  const names = unique(variants.flatMap(variant => Object.keys(variant.metrics)))
      .filter(name => variants.some(variant => variant.metrics[name] && isNumber(variant.metrics[name].mean)));
  return names.map(name => {
    const of = (variant, part) => variant.metrics[name] ? variant.metrics[name][part] : null;
    return {
      name: label(metric(name).label),
      number: true,
      value: variant => of(variant, "mean"),
      show: variant => isNumber(of(variant, "mean"))
          ? [showValue(name, of(variant, "mean")), element("small", {}, showInterval(name, variant.metrics[name]))]
          : "–",
      csv: [
        [label(metric(name).label), variant => of(variant, "mean")],
        [label(metric(name).label) + " low", variant => of(variant, "low")],
        [label(metric(name).label) + " high", variant => of(variant, "high")],
      ],
    };
  });
}

function workColumns(variants) {
  return valueColumns(variants, variant => variant.work,
      (name, value) => metric(name).share ? showPercent(value) : showCount(value));
}

function statusColumns(variants) {
  return valueColumns(variants, variant => variant.status, (name, value) => showInteger(value));
}

function named(title, dataset) {
  return datasets.length > 1 ? `${title}, ${dataset}` : title;
}

/** A table per data set that has columns for it. */
function tables(section, title, columnsOf, keep, where) {
  for (const dataset of datasets) {
    const variants = variantsOn(dataset).filter(keep || (() => true));
    const columns = variants.length ? columnsOf(variants) : [];
    if (columns.length > 0) {
      within(section, where || "[data-tables]").append(variantTable(named(title, dataset), variants, columns));
    }
  }
}

function hasWork(variant) {
  return Object.keys(variant.work).length > 0;
}

/** Of a single run: a line per metric, which needs no width. */
function metricTable(dataset) {
  const [run] = variantsOn(dataset);
  const estimate = name => run.metrics[name];
  return makeTable({
    name: named("All metrics", dataset),
    head: true,
    rows: Object.keys(run.metrics).filter(name => isNumber(estimate(name).mean)),
    columns: [
      { name: "Metric", value: name => label(metric(name).label) },
      { name: "Mean", number: true, value: name => estimate(name).mean, show: name => showValue(name, estimate(name).mean) },
      {
        name: "95\u202f% interval", number: true, value: name => estimate(name).low,
        show: name => showInterval(name, estimate(name)) || "–",
        csv: [["Low", name => estimate(name).low], ["High", name => estimate(name).high]],
      },
      { name: "Rows", number: true, value: name => estimate(name).rows, show: name => showInteger(estimate(name).rows) },
    ],
  }).node;
}

function showCoverage(section) {
  const shown = datasets.filter(coverageOn);
  shown.forEach(dataset => coverageChart(within(section, "[data-charts]"), dataset));
  tables(section, "Work per token", workColumns, hasWork);
  return shown.length > 0;
}

function showMetrics(section) {
  const names = unique(data.variants.flatMap(variant => Object.keys(variant.metrics)))
      .filter(name => data.variants.some(variant => variant.metrics[name] && isNumber(variant.metrics[name].mean)));
  if (variantNames.length > 1) {
    tables(section, "All metrics", estimateColumns);
  } else if (names.length > 0) {
    datasets.forEach(dataset => within(section, "[data-tables]").append(metricTable(dataset)));
  }
  tables(section, "Rows by status", statusColumns, null, "[data-status]");
  if (!datasets.some(coverageOn)) {
    within(section, "[data-work]").hidden = !data.variants.some(hasWork);
    tables(section, "Work per token", workColumns, hasWork, "[data-status]");
  }
  if (names.length === 0) {
    within(section, ".control").hidden = true;
    return within(section, "[data-status]").childElementCount > 0;
  }
  const select = within(section, "select");
  select.append(...names.map((name, i) => element("option", { value: String(i) }, label(metric(name).label))));
  const holder = within(section, "[data-charts]");
  const show = () => {
    const name = names[Number(select.value)];
    for (const chart of charts.filter(other => holder.contains(other.space))) {
      chart.instance.dispose();
      charts.splice(charts.indexOf(chart), 1);
    }
    holder.replaceChildren();
    for (const dataset of datasets) {
      const estimates = variantsOn(dataset).map(variant => ({ variant, estimate: variant.metrics[name] }));
      if (estimates.some(({ estimate }) => estimate && isNumber(estimate.mean))) {
        barChart(holder, { dataset, name, title: metric(name).label, estimates });
      }
    }
    document.getElementById("metric-note").textContent = metric(name).lowerIsBetter ? "Less is better." : "";
  };
  select.addEventListener("change", () => {
    show();
    redraw(holder);
  });
  show();
  return true;
}

function redraw(holder) {
  charts.filter(chart => holder.contains(chart.space)).forEach(chart => {
    draw(chart);
    resizes.observe(chart.space);
  });
}

function showSpeculation(section) {
  const accepts = data.variants.filter(variant => isNumber(variant.work.acceptance_rate));
  const steps = data.variants.filter(variant => Object.keys(variant.states).length > 0);
  const acceptance = within(section, "[data-acceptance]");
  const states = within(section, "[data-states]");
  acceptance.hidden = accepts.length === 0;
  states.hidden = steps.length === 0;
  for (const dataset of datasets) {
    const drafting = accepts.filter(variant => variant.dataset === dataset);
    if (drafting.length > 0) {
      barChart(within(acceptance, "[data-charts]"), {
        dataset, name: "acceptance_rate", title: "accepted of drafted tokens",
        estimates: drafting.map(variant => ({ variant, estimate: { mean: variant.work.acceptance_rate } })),
      });
    }
    const stepping = steps.filter(variant => variant.dataset === dataset);
    if (stepping.length > 0) {
      stackChart(within(states, "[data-charts]"), {
        dataset, title: "share of steps by state", variants: stepping, named: false,
        parts: unique(stepping.flatMap(variant => Object.keys(variant.states)))
            .map((name, i) => [name, STATES[name.toLowerCase()] || PARTS[i % PARTS.length]]),
        sharesOf: variant => variant.states,
      });
    }
  }
  section.querySelectorAll("[data-state]").forEach(term =>
      term.style.setProperty("--state", STATES[term.dataset.state]));
  tables(section, "Acceptance and states", variants => [
    ...valueColumns(variants, variant => isNumber(variant.work.acceptance_rate)
        ? { acceptance_rate: variant.work.acceptance_rate } : {}, (name, value) => showPercent(value)),
    ...valueColumns(variants, variant => variant.states, (name, value) => showPercent(value)),
  ], variant => accepts.includes(variant) || steps.includes(variant));
  return accepts.length > 0 || steps.length > 0;
}

function showGroups(section) {
  const kinds = [
    ["by number of constraints", variant => variant.byConstraints],
    ["by length of the output in tokens", variant => variant.byLength],
  ];
  let any = false;
  for (const dataset of datasets) {
    for (const [title, groupsOf] of kinds) {
      const variants = variantsOn(dataset).filter(variant => groupsOf(variant).some(group => isNumber(group.satisfied)));
      if (variants.length === 0) {
        continue;
      }
      any = true;
      groupChart(within(section, "[data-charts]"), { dataset, title, groupsOf });
      const labels = groupLabels(variants, groupsOf);
      const find = (variant, name) => groupsOf(variant).find(group => group.label === name) || {};
      within(section, "[data-tables]").append(variantTable(named("Satisfied " + title, dataset), variants,
          labels.map(name => ({
            name,
            number: true,
            value: variant => find(variant, name).satisfied,
            show: variant => isNumber(find(variant, name).satisfied)
                ? [showPercent(find(variant, name).satisfied),
                  element("small", {}, `of ${showInteger(find(variant, name).rows)}`)]
                : "–",
            csv: [
              [name, variant => find(variant, name).satisfied],
              [name + " rows", variant => find(variant, name).rows],
            ],
          }))));
    }
  }
  return any;
}

function showTime(section) {
  const timed = data.variants.filter(variant => Object.values(variant.time).some(isNumber));
  for (const dataset of datasets) {
    const variants = timed.filter(variant => variant.dataset === dataset);
    if (variants.length > 0) {
      stackChart(within(section, "[data-charts]"), {
        dataset, title: "share of the time", variants, named: true,
        parts: unique(timed.flatMap(variant => Object.keys(variant.time)))
            .map((name, i) => [name, PARTS[i % PARTS.length]]),
        sharesOf: variant => variant.time,
      });
    }
  }
  tables(section, "Share of the time",
      variants => valueColumns(variants, variant => variant.time, (name, value) => showPercent(value)),
      variant => timed.includes(variant));
  return timed.length > 0;
}

function showTests(section) {
  if (data.comparisons.length === 0) {
    return false;
  }
  const significant_ = test => isNumber(test.adjusted) && test.adjusted < 0.05;
  within(section, "[data-tables]").append(makeTable({
    name: "Paired tests",
    id: "paired",
    rows: data.comparisons,
    columns: [
      { name: "Metric", value: test => label(metric(test.metric).label) },
      datasets.length > 1 ? { name: "Data set", value: test => test.dataset } : null,
      { name: "First", value: test => test.first },
      { name: "Second", value: test => test.second },
      {
        name: "Difference", number: true, value: test => test.difference, strong: significant_,
        show: test => [showDifference(test.metric, test.difference),
          element("small", {}, showInterval(test.metric, test))],
        csv: [["Difference", test => test.difference], ["Low", test => test.low], ["High", test => test.high]],
      },
      { name: "p", number: true, value: test => test.p, show: test => showProbability(test.p) },
      {
        name: "Adjusted p", number: true, value: test => test.adjusted, strong: significant_,
        show: test => showProbability(test.adjusted),
      },
    ].filter(column => column),
  }).node);
  return true;
}

function showSources(section) {
  if (data.variants.length === 0) {
    return false;
  }
  const keys = unique(data.variants.flatMap(variant => Object.keys(variant.settings)));
  within(section, "[data-tables]").append(makeTable({
    name: "What was compared, and where it lies",
    head: true,
    rows: data.variants,
    columns: [
      { name: "Variant", value: variant => variant.name },
      { name: "Data set", value: variant => variant.dataset },
      { name: "Rows", number: true, value: rowsOf, show: variant => showInteger(rowsOf(variant)) },
      ...keys.map(key => ({ name: key, value: variant => variant.settings[key] })),
      { name: "Source", long: true, value: variant => variant.source },
    ],
  }).node);
  return true;
}

const SECTIONS = [
  ["coverage", "Coverage", showCoverage],
  ["metrics", "Metrics", showMetrics],
  ["speculation", "Speculation", showSpeculation],
  ["groups", "Where met", showGroups],
  ["time", "Time", showTime],
  ["tests", "Tests", showTests],
  ["differ", "Differences", showDiffering],
  ["examples", "Examples", showExamples],
  ["sources", "Variants", showSources],
];

showHead();
const links = [];
for (const [id, name, show] of SECTIONS) {
  const section = document.getElementById(id);
  if (show(section)) {
    section.hidden = false;
    links.push(element("li", {}, element("a", { href: "#" + id }, name)));
    section.querySelectorAll("details").forEach(details => {
      details.hidden = within(details, "[data-tables]").childElementCount === 0;
    });
  }
}
document.getElementById("contents").append(element("ol", {}, ...links));
drawAll();
const resizes = watchCharts();
