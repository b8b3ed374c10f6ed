// What each chart shows: points, bars, stacked bars and lines.

// ---- Coverage against forwards ----

const COVERAGES = ["hard_coverage", "satisfied", "satisfied_rate", "soft_coverage", "mean_reward"];

/** What variants are drawn by against their cost on this data set; undefined if there is nothing to compare. */
function coverageOn(dataset) {
  return COVERAGES.find(name => variantsOn(dataset).filter(variant => costPoint(variant, name)).length > 1);
}

function costPoint(variant, name) {
  const estimate = variant.metrics[name];
  const forwards = variant.work.target_forwards;
  return estimate && isNumber(estimate.mean) && isNumber(forwards) && forwards > 0
      ? { variant, estimate, x: forwards, y: estimate.mean }
      : null;
}

/** The points that no other beats on both, from the cheapest on. */
function frontier(points) {
  return points
      .filter(point => !points.some(other => other !== point && other.x <= point.x && other.y >= point.y
          && (other.x < point.x || other.y > point.y)))
      .sort((a, b) => a.x - b.x);
}

function coverageChart(holder, dataset) {
  const name = coverageOn(dataset);
  const points = variantsOn(dataset).map(variant => costPoint(variant, name)).filter(point => point);
  const lows = points.map(point => isNumber(point.estimate.low) ? point.estimate.low : point.y);
  const highs = points.map(point => isNumber(point.estimate.high) ? point.estimate.high : point.y);
  const xs = points.map(point => point.x);
  addChart(holder, {
    title: onlyIfSeveral(dataset) || `${label(metric(name).label)} against target forwards per token`,
    note: onlyIfSeveral(dataset) ? metric(name).label + " against target forwards per token" : "",
    description: `${metric(name).label} against target forwards per token on ${dataset}: `
        + points.map(p => `${p.variant.name} ${showValue(name, p.y)} at ${showCount(p.x)}`).join(", "),
    build: (width, colours) => ({
      height: Math.max(280, Math.min(380, 0.72 * width)),
      option: {
        grid: { left: 8, right: 18, top: 18, bottom: 34, containLabel: true },
        tooltip: {
          trigger: "item",
          ...tooltip(colours, at => at.data.point ? [
            at.data.point.variant.name,
            `${metric(name).label} ${showValue(name, at.data.point.y)}`,
            `95\u202f% interval ${showInterval(name, at.data.point.estimate)}`,
            `${showCount(at.data.point.x)} target forwards per token`,
          ] : [])
        },
        xAxis: axis(colours, {
          type: "log", logBase: 2,
          min: Math.min(...xs) / 1.6,
          max: Math.max(...xs) * 1.6,
          name: "target forwards per token (log scale)", nameLocation: "middle", nameGap: 30,
          // Powers of two; not the ends, which are where there was room for names.
          axisLabel: { formatter: value => Number.isInteger(Math.log2(value)) ? String(value) : "" },
        }),
        yAxis: axis(colours, {
          type: "value",
          min: Math.max(0, Math.floor(10 * Math.min(...lows) - 0.2) / 10),
          max: Math.min(1, Math.ceil(10 * Math.max(...highs) + 0.2) / 10),
          interval: Math.max(...highs) - Math.min(...lows) < 0.25 ? 0.05 : 0.1,
          axisLabel: { formatter: value => metric(name).share ? (100 * value).toFixed(0) + "\u202f%" : value.toFixed(1) },
        }),
        series: [
          {
            type: "line", silent: true, symbol: "none", z: 1,
            lineStyle: { type: [6, 5], width: 1.5, color: colours.muted },
            data: frontier(points).map(point => [point.x, point.y]),
          },
          {
            type: "scatter", symbolSize: 13, z: 3,
            data: points.map(point => ({
              value: [point.x, point.y], point, symbol: symbolOf(point.variant.name),
              itemStyle: { color: colourOf(point.variant.name, colours), borderColor: colours.panel, borderWidth: 1, opacity: 1 },
            })),
            markLine: intervals(colours, points
                .filter(point => isNumber(point.estimate.low) && isNumber(point.estimate.high))
                .map(point => [[point.x, point.estimate.low], [point.x, point.estimate.high]])),
          },
        ],
      },
      after: chart => labelPoints(chart, points, width, colours),
    }),
  });
}

/**
 * Names beside their points, or where there is no room for them numbers, which a list below resolves. ECharts' common
 * build does not move labels itself.
 */
function labelPoints(chart, points, width, colours) {
  const byName = placedLabels(chart, points, width, point => point.variant.name);
  const named = byName.cost < 30;
  const { labels } = named ? byName : placedLabels(chart, points, width, (point, i) => String(i + 1));
  const series = chart.getOption().series;
  chart.setOption({ series: [{}, {
    data: series[1].data.map((item, i) => ({
      ...item, label: { show: true, color: colours.text, fontSize: 12, ...labels[i] },
    })),
  }] });
  const figure = chart.getDom().closest("figure");
  figure.querySelectorAll("ol").forEach(list => list.remove());
  if (!named) {
    figure.append(element("ol", { class: "keys" }, ...points.map(point => element("li", {}, point.variant.name))));
  }
}

/** Where texts cover least of points, intervals and each other, and how much they do cover. */
function placedLabels(chart, points, width, nameOf) {
  let covered = 0;
  const at = points.map(point => chart.convertToPixel({ gridIndex: 0 }, [point.x, point.y]));
  const taken = at.map(([x, y]) => ({ left: x - 8, right: x + 8, top: y - 8, bottom: y + 8 }));
  // Not on the intervals either.
  points.forEach((point, i) => {
    if (isNumber(point.estimate.low) && isNumber(point.estimate.high)) {
      const [x, low] = chart.convertToPixel({ gridIndex: 0 }, [point.x, point.estimate.low]);
      const high = chart.convertToPixel({ gridIndex: 0 }, [point.x, point.estimate.high])[1];
      taken.push({ left: x - 5, right: x + 5, top: high, bottom: low, of: i });
    }
  });
  // Nor, if it can be helped, on the dashed line.
  const line = frontier(points).map(point => chart.convertToPixel({ gridIndex: 0 }, [point.x, point.y]));
  for (let i = 1; i < line.length; i++) {
    for (let part = 0.04; part < 1; part += 0.04) {
      const x = line[i - 1][0] + part * (line[i][0] - line[i - 1][0]);
      const y = line[i - 1][1] + part * (line[i][1] - line[i - 1][1]);
      taken.push({ left: x - 2, right: x + 2, top: y - 2, bottom: y + 2 });
    }
  }
  const bottom = chart.getHeight() - 52;
  const labels = points.map((point, i) => {
    const [x, y] = at[i];
    const wide = widthOf(nameOf(point, i)) + 4;
    const boxes = [];
    for (const down of [0, -13, 13, -24, 24]) {
      boxes.push({ position: "right", offset: [2, down], left: x + 9, right: x + 9 + wide, top: y - 8 + down });
      boxes.push({ position: "left", offset: [-2, down], left: x - 9 - wide, right: x - 9, top: y - 8 + down });
    }
    for (const up of [-22, 10, -34, 24]) {
      boxes.push({ position: "inside", offset: [0, up + 8], left: x - wide / 2, right: x + wide / 2, top: y + up });
    }
    const cost = box => taken.reduce((sum, other) => sum + overlap({ ...box, bottom: box.top + 16 }, other), 0)
        + 200 * (Math.max(0, 44 - box.left) + Math.max(0, box.right - width + 4) + Math.max(0, 4 - box.top)
            + Math.max(0, box.top + 16 - bottom));
    const best = boxes.reduce((a, b) => cost(b) < cost(a) ? b : a);
    covered += cost(best);
    taken.push({ left: best.left, right: best.right, top: best.top, bottom: best.top + 16 });
    return { position: best.position, offset: best.offset, formatter: () => nameOf(point, i) };
  });
  return { labels, cost: covered };
}

function overlap(a, b) {
  return Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left))
      * Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
}

// ---- Bars ----

/** Axes of bars that lie: names on the left, and on the right what each bar says. */
function barAxes(colours, width, names, values, x) {
  const names_ = axis(colours, {
    type: "category", inverse: true, data: names, splitLine: { show: false },
    axisLabel: { color: colours.text, width: Math.floor(0.4 * width), overflow: "truncate", interval: 0 },
  });
  const values_ = axis(colours, {
    type: "category", inverse: true, data: values, splitLine: { show: false }, axisLine: { show: false },
    axisLabel: { color: colours.text, interval: 0, fontWeight: 600 },
  });
  return {
    grid: { left: 0, right: 0, top: 8, bottom: 4, containLabel: true },
    xAxis: axis(colours, { type: "value", min: 0, ...x, axisLine: { show: false } }),
    yAxis: values ? [names_, { ...values_, position: "right" }] : [names_],
  };
}

/** A bar per variant with its interval, and a line where the first variant is. */
function barChart(holder, { dataset, name, title, estimates }) {
  const shown = estimates.filter(({ estimate }) => estimate && isNumber(estimate.mean));
  const tick = value => metric(name).share ? (100 * value).toFixed(0) + "\u202f%" : String(Number(value.toPrecision(4)));
  const top = Math.max(...shown.map(({ estimate }) => Math.max(estimate.mean, isNumber(estimate.high) ? estimate.high : 0)));
  addChart(holder, {
    title: onlyIfSeveral(dataset) || label(title),
    note: onlyIfSeveral(dataset) ? title : "",
    description: `${title} on ${dataset}: ` + shown.map(({ variant, estimate }) =>
        `${variant.name} ${showValue(name, estimate.mean)}`).join(", "),
    build: (width, colours) => ({
      height: 46 + 30 * shown.length,
      option: {
        ...barAxes(colours, width, shown.map(({ variant }) => variant.name),
            shown.map(({ estimate }) => showValue(name, estimate.mean)),
            { ...(metric(name).share && top <= 1 ? { max: 1, interval: 0.25 } : { splitNumber: 4 }),
              axisLabel: { formatter: tick, hideOverlap: true } }),
        tooltip: {
          trigger: "item",
          ...tooltip(colours, at => shown[at.dataIndex] ? [
            shown[at.dataIndex].variant.name,
            `${title} ${showValue(name, shown[at.dataIndex].estimate.mean)}`,
            isNumber(shown[at.dataIndex].estimate.low)
                ? `95\u202f% interval ${showInterval(name, shown[at.dataIndex].estimate)}` : "",
            isNumber(shown[at.dataIndex].estimate.rows) ? `${showInteger(shown[at.dataIndex].estimate.rows)} rows` : "",
          ] : [])
        },
        series: [{
          type: "bar", barWidth: "56%", z: 2,
          data: shown.map(({ variant, estimate }) => ({
            value: estimate.mean,
            itemStyle: { color: colourOf(variant.name, colours), borderRadius: [0, 3, 3, 0] },
          })),
          markLine: intervals(colours,
              shown.map(({ estimate }, i) => [estimate, i])
                  .filter(([estimate]) => isNumber(estimate.low) && isNumber(estimate.high))
                  .map(([estimate, i]) => [[estimate.low, i], [estimate.high, i]]),
              shown.length > 1 ? [{ xAxis: shown[0].estimate.mean,
                lineStyle: { type: [4, 4], width: 1, color: colours.muted } }] : []),
        }],
      },
    }),
  });
}

/**
 * A bar per variant, stacked of shares.
 *
 * parts: [name, colour] in their order; sharesOf(variant): shares by name; named: whether a legend says the names
 */
function stackChart(holder, { dataset, title, variants, parts, sharesOf, named }) {
  addChart(holder, {
    title: onlyIfSeveral(dataset) || label(title),
    note: onlyIfSeveral(dataset) ? title : "",
    description: `${title} on ${dataset}: ` + variants.map(variant => `${variant.name} `
        + parts.map(([part]) => `${label(part)} ${showPercent(sharesOf(variant)[part])}`).join(" ")).join(", "),
    build: (width, colours) => {
      const keys = legend(colours, parts.map(([part]) => label(part)), width);
      const axes = barAxes(colours, width, variants.map(variant => variant.name), null,
          { max: 1, interval: 0.25, axisLabel: { formatter: value => (100 * value).toFixed(0) + "\u202f%", hideOverlap: true } });
      return {
        height: 46 + 34 * variants.length + (named ? keys.room + 8 : 0),
        option: {
          ...axes,
          grid: { ...axes.grid, right: 24, bottom: named ? keys.room + 12 : 4 },
          legend: named ? keys.option : undefined,
          tooltip: {
            trigger: "item",
            ...tooltip(colours, at => [at.name, `${at.seriesName} ${showPercent(at.value)}`])
          },
          series: parts.map(([part, colour]) => ({
            type: "bar", name: label(part), stack: "all", barWidth: "62%",
            itemStyle: { color: colour, borderColor: colours.panel, borderWidth: 1 },
            label: {
              show: true, color: inkOn(colour), fontSize: 11.5,
              // Only where it fits.
              formatter: at => at.value * width * 0.6 > 30 ? (100 * at.value).toFixed(0) + "\u202f%" : "",
            },
            emphasis: { disabled: true },
            data: variants.map(variant => sharesOf(variant)[part] || 0),
          })),
        },
      };
    },
  });
}

// ---- Lines ----

/** Groups in the order of their numbers, since not every variant has all of them. */
function groupLabels(variants, groupsOf) {
  return unique(variants.flatMap(variant => groupsOf(variant).map(group => group.label)))
      .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

/** Satisfied by group, a line per variant. */
function groupChart(holder, { dataset, title, groupsOf }) {
  const variants = variantsOn(dataset).filter(variant => groupsOf(variant).some(group => isNumber(group.satisfied)));
  const labels = groupLabels(variants, groupsOf);
  const find = (variant, name) => groupsOf(variant).find(group => group.label === name);
  addChart(holder, {
    title: onlyIfSeveral(dataset) || label(title),
    note: onlyIfSeveral(dataset) ? title : "",
    description: `${title} on ${dataset}: ` + variants.map(variant => `${variant.name} `
        + groupsOf(variant).map(group => `${group.label}: ${showPercent(group.satisfied)}`).join(" ")).join(", "),
    build: (width, colours) => {
      const keys = legend(colours, variants.map(variant => variant.name), width);
      return {
        height: variants.length > 1 ? 250 + keys.room : 240,
        option: {
          grid: { left: 4, right: 24, top: 14, bottom: variants.length > 1 ? keys.room + 10 : 4, containLabel: true },
          legend: variants.length > 1 ? keys.option : undefined,
          tooltip: {
            trigger: "axis",
            ...tooltip(colours, at => {
              const name = at.length ? at[0].name : "";
              return [name, ...variants.map(variant => {
                const group = find(variant, name);
                return group ? `${variant.name}: ${showPercent(group.satisfied)} of ${showInteger(group.rows)}` : "";
              })];
            })
          },
          xAxis: axis(colours, { type: "category", data: labels, boundaryGap: labels.length === 1, axisLabel: { interval: 0, hideOverlap: true } }),
          yAxis: axis(colours, { type: "value", min: 0, max: 1, interval: 0.25, axisLine: { show: false },
            axisLabel: { formatter: value => (100 * value).toFixed(0) + "\u202f%" } }),
          series: variants.map(variant => ({
            type: "line", name: variant.name, symbol: symbolOf(variant.name), symbolSize: 8, connectNulls: false,
            itemStyle: { color: colourOf(variant.name, colours) },
            lineStyle: { width: 2, type: DASHES[place(variant.name) % DASHES.length] },
            emphasis: { focus: "series" },
            data: labels.map(name => {
              const group = find(variant, name);
              return group && isNumber(group.satisfied) ? group.satisfied : null;
            }),
          })),
        },
      };
    },
  });
}
