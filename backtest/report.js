"use strict";
for (const chart of document.querySelectorAll(".chart")) {
  const points = JSON.parse(chart.querySelector("script").textContent);
  const plots = [...chart.querySelectorAll(".plot")];
  const readout = chart.querySelector(".readout");
  const cursors = plots.map((plot) => {
    const cursor = document.createElement("i");
    cursor.className = "cursor";
    cursor.hidden = true;
    plot.append(cursor);
    return cursor;
  });
  let at = -1;
  const percent = (rate) => (rate === null ? "–" : `${rate} %`);
  const show = (place) => {
    if (!points.length) return;
    at = Math.max(0, Math.min(points.length - 1, place));
    const [x, time, negative, n, expected, low, high, rate, adjusted] = points[at];
    for (const cursor of cursors) {
      cursor.hidden = false;
      cursor.style.left = `${x}%`;
    }
    readout.textContent =
      `${time}: ${negative} negative of ${n}; ${expected} expected (${low} to ${high}); ` +
      `${percent(rate)} negative, adjusted ${percent(adjusted)}`;
  };
  for (const plot of plots) {
    plot.addEventListener("pointermove", (event) => {
      const box = plot.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * 100;
      let nearest = 0;
      for (let i = 1; i < points.length; i += 1) {
        if (Math.abs(points[i][0] - x) < Math.abs(points[nearest][0] - x)) nearest = i;
      }
      show(nearest);
    });
  }
  chart.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step && event.target === chart) {
      event.preventDefault();
      show(at + step);
    }
  });
}
