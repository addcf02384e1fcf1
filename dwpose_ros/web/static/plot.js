// SPDX-License-Identifier: Apache-2.0
// Small plots of the last minutes.

const NAMESPACE = "http://www.w3.org/2000/svg";
export const MINUTES = 5;

/** The values of a quantity over the last minutes. Times are in seconds. */
export class Series {
  points = [];

  add(time, value) {
    if (!Number.isFinite(value)) return;
    this.points.push([time, value]);
    while (this.points[0][0] < time - 60 * MINUTES) this.points.shift();
  }

  get last() {
    return this.points.at(-1)?.[1];
  }
}

/** The path of a series in a box 100 x 30, with the newest on the right and 0 at the bottom. */
export function pathOf(series, now) {
  const most = Math.max(1e-9, ...series.points.map(([, value]) => value));
  return series.points
    .map(([time, value], i) => {
      const x = 100 * (1 - (now - time) / (60 * MINUTES));
      return `${i ? "L" : "M"}${x.toFixed(2)} ${(28 - (26 * value) / most).toFixed(2)}`;
    })
    .join("");
}

/** A plot of a series, as an SVG. */
export function plot(series, now, name) {
  const svg = document.createElementNS(NAMESPACE, "svg");
  svg.setAttribute("viewBox", "0 0 100 30");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", name);
  const line = document.createElementNS(NAMESPACE, "path");
  const attributes = {
    d: pathOf(series, now),
    fill: "none",
    stroke: "currentColor",
    "stroke-width": "2",
    "vector-effect": "non-scaling-stroke",
    "stroke-linejoin": "round",
  };
  for (const [key, value] of Object.entries(attributes)) line.setAttribute(key, value);
  svg.append(line);
  return svg;
}
