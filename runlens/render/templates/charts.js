(function () {
  "use strict";
  // Each <figure> holds an SVG that stands without this script; here it is replaced by a chart that zooms and hovers.
  var HEIGHT = 190, MARGIN = 124;
  // From this width on, labels stand beside the curves; below it the legend names them.
  var WIDE = 640;
  var groups = {};

  function css(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function round(value) {
    if (value === null || value === undefined) { return "–"; }
    var size = Math.abs(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e9)) { return value.toExponential(3); }
    return value.toLocaleString("en", { maximumSignificantDigits: size >= 1e4 ? 6 : 4 });
  }

  function short(value, step) {
    var size = Math.abs(value);
    if (value === 0) { return "0"; }
    if (size >= 1e9) { return +(value / 1e9).toFixed(2) + " B"; }
    if (size >= 1e6) { return +(value / 1e6).toFixed(2) + " M"; }
    if (size >= 1e4) { return +(value / 1e3).toFixed(2) + " k"; }
    return size < 1e-3 ? value.toExponential(2).replace(/\.?0+e/, "e") : String(+value.toPrecision(step ? 4 : 3));
  }

  // Round values on a log axis: 1, 2 and 5 of each decade, or even steps where it spans less than a few.
  function logTicks(low, high) {
    var found = [], step, at;
    if (high / low > 3) {
      [[1, 1.5, 2, 3, 4, 5, 7], [1, 2, 3, 5], [1, 2, 5], [1, 3], [1]].some(function (parts) {
        found = [];
        for (at = Math.floor(Math.log10(low)); at <= Math.log10(high); at += 1) {
          parts.forEach(function (p) { var v = +(p * Math.pow(10, at)).toPrecision(12); if (v >= low && v <= high) { found.push(v); } });
        }
        return found.length <= 7;
      });
      return found;
    }
    step = Math.pow(10, Math.floor(Math.log10((high - low) / 3)));
    step *= 5 * step <= (high - low) / 3 ? 5 : 2 * step <= (high - low) / 3 ? 2 : 1;
    for (at = Math.ceil(low / step); at * step <= high; at += 1) { found.push(+(at * step).toPrecision(12)); }
    return found;
  }

  // The page's own range where the whole is shown, the visible values with a little room where it is zoomed.
  function range(chart) {
    return function (u, low, high) {
      var x = u.scales.x;
      if (x.min === chart.limits[0] && x.max === chart.limits[1] || low === null || high === null) { return chart.range; }
      if (chart.log) { var f = Math.max(Math.pow(high / low, 0.06), 1.02); return [low / f, high * f]; }
      var room = (high - low || Math.abs(high) || 1) * 0.08;
      return [low - room, high + room];
    };
  }

  function color(line) {
    return line.color < 0 ? css("--ref") : css("--c" + line.color % 6);
  }

  // Of a noisy curve: all its points pale under their running median, or the points alone where each has a pixel.
  function hidden(chart, at, u) {
    var s = chart.series[at], noisy = s.pale ? s : s.median ? chart.series[at - 1] : null;
    if (!noisy) { return false; }
    var crowd = noisy.x.filter(function (x) { return x >= u.scales.x.min && x <= u.scales.x.max; }).length * (devicePixelRatio || 1) > u.bbox.width;
    return s.pale ? crowd : !crowd;
  }

  function shade(chart, at) {
    var s = chart.series[at];
    return function (u) { return !hidden(chart, at, u) ? color(s) : s.pale ? color(s) + "70" : "transparent"; };
  }

  // All curves of a chart on one sorted list of steps, as uPlot wants them.
  function table(chart) {
    var tables = [];
    var series = [{ label: "step", value: function (u, v) { return round(v); } }];
    var bands = [];
    chart.series.forEach(function (s, at) {
      tables.push([s.x, s.y]);
      series.push({
        label: s.name, stroke: shade(chart, at), width: s.pale ? 1 : 1.7, dash: s.color < 0 ? [6, 3] : undefined,
        spanGaps: true, points: { show: s.x.length <= 60 && s.color >= 0, size: 5 }, value: function (u, v) { return round(v); }
      });
      if (s.low) {
        tables.push([s.x, s.high], [s.x, s.low]);
        series.push({ label: s.name + " high", stroke: "transparent", spanGaps: true, points: { show: false } });
        series.push({ label: s.name + " low", stroke: "transparent", spanGaps: true, points: { show: false } });
        bands.push({ series: [series.length - 2, series.length - 1], fill: css("--ref") + "38" });
      }
    });
    return { data: uPlot.join(tables, tables.map(function (t) { return t.map(function () { return 2; }); })), series: series, bands: bands };
  }

  // Findings as shaded spans with their codes, restarts as thin dashed lines, under the curves.
  function marks(chart) {
    return function (u) {
      var ctx = u.ctx, box = u.bbox, ratio = devicePixelRatio || 1, rows = [];
      ctx.save();
      ctx.beginPath();
      ctx.rect(box.left, box.top, box.width, box.height);
      ctx.clip();
      chart.spans.forEach(function (span) {
        var a = u.valToPos(span.from, "x", true), b = Math.max(u.valToPos(span.to, "x", true), a + 1.5 * ratio);
        ctx.fillStyle = ctx.strokeStyle = css("--" + span.severity);
        ctx.globalAlpha = 0.16;
        ctx.fillRect(a, box.top, b - a, box.height);
        ctx.globalAlpha = 1;
        ctx.fillRect(a, box.top, 1.6 * ratio, box.height);
        ctx.fillStyle = css("--" + span.severity + "-text");
        ctx.font = "600 " + 11 * ratio + "px system-ui, sans-serif";
        ctx.textBaseline = "top";
        ctx.textAlign = "left";
        var width = ctx.measureText(span.label).width;
        var left = Math.min(Math.max(a, box.left) + 5 * ratio, box.left + box.width - width - 4 * ratio);
        var row = 0;
        while (rows[row] !== undefined && rows[row] > left) { row += 1; }
        rows[row] = left + width + 6 * ratio;
        if (b >= box.left && a <= box.left + box.width) { ctx.fillText(span.label, left, box.top + (3 + 14 * row) * ratio); }
      });
      ctx.strokeStyle = css("--ref");
      ctx.setLineDash([4 * ratio, 3 * ratio]);
      ctx.lineWidth = ratio;
      chart.restarts.forEach(function (step) {
        var x = u.valToPos(step, "x", true);
        ctx.beginPath();
        ctx.moveTo(x, box.top);
        ctx.lineTo(x, box.top + box.height);
        ctx.stroke();
      });
      ctx.restore();
    };
  }

  // A label that fits its room: the name gives way, the number behind it stays whole.
  function fitted(ctx, text, room) {
    var cut = text.search(/ -?[\d.,]+\S*( [^ ]{1,8})?$/), name = cut > 0 ? text.slice(0, cut) : text, value = cut > 0 ? text.slice(cut) : "";
    if (ctx.measureText(text).width <= room) { return text; }
    while (name.length > 3 && ctx.measureText(name + "…" + value).width > room) { name = name.slice(0, -1); }
    return name + "…" + value;
  }

  // The name and the last visible value of each curve beside its end, moved apart where two would touch.
  function ends(chart) {
    return function (u) {
      var ctx = u.ctx, box = u.bbox, ratio = devicePixelRatio || 1, spots = [], least = 13 * ratio, ceiling = box.top + box.height, at;
      chart.series.forEach(function (s, n) {
        for (at = s.x.length - 1; at > 0 && (s.x[at] > u.scales.x.max || s.y[at] === null); at -= 1) { /* to the last one that shows */ }
        if (hidden(chart, n, u) || s.y[at] === null || s.y[at] === undefined || s.x[at] < u.scales.x.min) { return; }
        var whole = u.scales.x.max === chart.limits[1] && s.end;
        var text = whole ? s.end : s.color < 0 ? s.short : [s.short, short(s.y[at], true), s.unit].filter(Boolean).join(" ");
        var y = u.valToPos(s.y[at], "y", true);
        spots.push({ y: Math.min(Math.max(y, box.top), box.top + box.height), text: text, color: color(s) });
      });
      spots.sort(function (a, b) { return a.y - b.y; });
      for (at = 1; at < spots.length; at += 1) { spots[at].y = Math.max(spots[at].y, spots[at - 1].y + least); }
      for (at = spots.length - 1; at >= 0; at -= 1) { spots[at].y = Math.min(spots[at].y, ceiling); ceiling = spots[at].y - least; }
      ctx.save();
      ctx.font = "600 " + 11 * ratio + "px system-ui, sans-serif";
      ctx.textBaseline = "middle";
      ctx.textAlign = "left";
      spots.forEach(function (spot) {
        ctx.fillStyle = spot.color;
        ctx.fillText(fitted(ctx, spot.text, (MARGIN - 8) * ratio), box.left + box.width + 6 * ratio, spot.y);
      });
      ctx.restore();
    };
  }

  function draw(figure, group) {
    var chart = JSON.parse(figure.getAttribute("data-chart"));
    var ready = table(chart);
    var axis = { stroke: css("--quiet"), grid: { stroke: css("--line"), width: 1 }, ticks: { stroke: css("--line"), width: 1 }, font: "11px system-ui, sans-serif" };
    var wide = figure.clientWidth >= WIDE;
    figure.classList.toggle("wide", wide);
    var options = {
      width: Math.max(figure.clientWidth, 280), height: HEIGHT, padding: [8, wide ? MARGIN : 12, 0, 0], series: ready.series, bands: ready.bands,
      cursor: { sync: { key: group.name }, drag: { x: true, y: false }, points: { size: 6 } },
      scales: { x: { time: false, min: chart.limits[0], max: chart.limits[1] }, y: { distr: chart.log ? 3 : 1, range: range(chart) } },
      legend: { live: true },
      axes: [
        Object.assign({}, axis, { size: 28, values: function (u, all) { return all.map(function (v) { return v.toLocaleString("en"); }); } }),
        Object.assign({}, axis, chart.log ? { splits: function (u, i, low, high) { return logTicks(low, high); }, filter: function (u, all) { return all; } } : {}, { size: 62, values: function (u, all) { return all.map(function (v) { return v === null ? null : short(v, true); }); } })
      ],
      hooks: {
        drawAxes: [marks(chart)],
        draw: wide ? [ends(chart)] : [],
        setScale: [function (u, key) {
          if (key !== "x" || group.busy) { return; }
          group.busy = true;
          group.plots.forEach(function (p) { if (p !== u) { p.setScale("x", { min: u.scales.x.min, max: u.scales.x.max }); } });
          group.busy = false;
        }]
      }
    };
    if (chart.tokens) {
      options.hooks.setLegend = [function (u) {
        var cell = u.root.querySelector(".u-legend .u-value"), at = u.cursor.idx;
        if (!cell || at === null || at === undefined) { return; }
        var x = u.data[0][at], own = chart.tokens[0], tokens = chart.tokens[1], low = 0, high = own.length - 1;
        while (high - low > 1) { var half = (low + high) >> 1; if (own[half] <= x) { low = half; } else { high = half; } }
        var share = own[high] > own[low] ? (x - own[low]) / (own[high] - own[low]) : 0;
        cell.textContent = round(x) + " (" + short(tokens[low] + share * (tokens[high] - tokens[low])) + " tokens)";
      }];
    }
    var plot = new uPlot(options, ready.data, figure);
    plot.root.setAttribute("role", "img");
    plot.root.setAttribute("aria-label", figure.querySelector("svg").getAttribute("aria-label"));
    var bandRows = ready.series.map(function (s) { return / (high|low)$/.test(s.label) && s.stroke === "transparent"; });
    figure.querySelectorAll(".u-series").forEach(function (row, at) { if (bandRows[at]) { row.style.display = "none"; } });
    plot.over.addEventListener("dblclick", function () { reset(group); });
    plot.home = chart.limits;
    group.plots.push(plot);
    figure.classList.add("drawn");
  }

  function reset(group) {
    group.plots.forEach(function (p) { p.setScale("x", { min: p.home[0], max: p.home[1] }); });
  }

  function build() {
    document.querySelectorAll(".figures").forEach(function (holder) {
      var name = holder.getAttribute("data-group");
      var group = groups[name] = groups[name] || { name: name, plots: [], busy: false };
      group.plots.splice(0).forEach(function (p) { p.destroy(); });
      holder.querySelectorAll("figure.chart").forEach(function (figure) { draw(figure, group); });
      var tools = holder.querySelector(".tools");
      if (!tools) { return; }
      tools.hidden = false;
      tools.querySelector("button").onclick = function () { reset(group); };
    });
  }

  var waiting = 0;
  function resize() {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(function () {
      var crossed = false;
      Object.keys(groups).forEach(function (name) {
        groups[name].plots.forEach(function (p) {
          var width = Math.max(p.root.parentElement.clientWidth, 280);
          if ((width >= WIDE) !== p.root.parentElement.classList.contains("wide")) { crossed = true; } else if (width !== p.width) { p.setSize({ width: width, height: HEIGHT }); }
        });
      });
      if (crossed) { build(); }
    });
  }

  // Two runs over one another in a holder of figures, of whatever both or one of them was drawn: for the side by side.
  function pair(holder, runs) {
    holder.textContent = "";
    var titles = [];
    runs.forEach(function (run) { run.curves.forEach(function (c) { if (titles.indexOf(c.title) < 0) { titles.push(c.title); } }); });
    var every = [].concat.apply([], runs.map(function (run) { return [].concat.apply([], run.curves.map(function (c) { return c.x; })); }));
    var first = Math.min.apply(null, every), last = Math.max.apply(null, every);
    titles.forEach(function (title) {
      var series = [], log = true;
      runs.forEach(function (run, at) {
        run.curves.forEach(function (c) {
          if (c.title !== title || !c.x.length) { return; }
          log = log && c.log;
          series.push({ name: run.name, short: run.name, color: at ? 3 : 0, x: c.x, y: c.y, end: run.name + " " + c.end, unit: "" });
        });
      });
      if (!series.length) { return; }
      var all = [].concat.apply([], series.map(function (s) { return s.y; }));
      var low = Math.min.apply(null, all), high = Math.max.apply(null, all), room = log ? Math.max(Math.pow(high / low, 0.06), 1.02) : (high - low || Math.abs(high) || 1) * 0.08;
      var chart = { title: title, log: log, limits: [first, last > first ? last : first + 1], range: log ? [low / room, high * room] : [low - room, high + room], series: series, spans: [], restarts: [], tokens: null };
      var figure = document.createElement("figure"), caption = document.createElement("figcaption"), still = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      figure.className = "chart";
      caption.textContent = title + (log ? ", log scale" : "");
      still.setAttribute("aria-label", title + " of " + runs.map(function (run) { return run.name; }).join(" and "));
      figure.setAttribute("data-chart", JSON.stringify(chart));
      figure.appendChild(caption);
      figure.appendChild(still);
      holder.appendChild(figure);
    });
    build();
  }

  build();
  window.runlensPair = pair;
  addEventListener("resize", resize);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", build);
  window.runlensCharts = groups;
})();
