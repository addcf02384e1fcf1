// SPDX-License-Identifier: Apache-2.0
// Draws people's 133 points (COCO-WholeBody) over the picture: left blue, right orange.
import { fit } from "./mirror.js";

const LEFT = "#4aa3ff";
const RIGHT = "#ff9d3c";
const MIDDLE = "#ffffff";
const LIMBS = {
  [MIDDLE]: "0-1 0-2 1-2 5-6 11-12",
  [LEFT]: "1-3 3-5 5-7 7-9 5-11 11-13 13-15 15-17 15-18 15-19",
  [RIGHT]: "2-4 4-6 6-8 8-10 6-12 12-14 14-16 16-20 16-21 16-22",
};
const FACE = [23, 91];
const HANDS = [
  [91, LEFT],
  [112, RIGHT],
];

/** Pairs of points of one hand whose root is point `root`. */
function fingers(root) {
  const pairs = [];
  for (let finger = 0; finger < 5; finger++) {
    for (let joint = 0; joint < 4; joint++) {
      const tip = root + 4 * finger + joint + 1;
      pairs.push([joint ? tip - 1 : root, tip]);
    }
  }
  return pairs;
}

const STROKES = [
  ...Object.entries(LIMBS).map(([colour, limbs]) => [
    colour,
    1,
    limbs.split(" ").map((limb) => limb.split("-").map(Number)),
  ]),
  ...HANDS.map(([root, colour]) => [colour, 0.5, fingers(root)]),
];

/** The greater side of the rectangle round a person's points. */
function extent(points) {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys));
}

/** Draw the people of a message `pose`; none clears the canvas. */
export function drawSkeletons(canvas, pose) {
  fit(canvas, pose?.width || canvas.width, pose?.height || canvas.height);
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.lineCap = "round";
  for (const [, points] of pose?.people ?? []) {
    const seen = points.filter(Boolean);
    if (!seen.length) continue;
    const thick = Math.max(2, extent(seen) / 110);
    for (const [colour, width, limbs] of STROKES) {
      context.strokeStyle = colour;
      context.lineWidth = Math.max(1.5, thick * width);
      context.beginPath();
      for (const [a, b] of limbs) {
        if (!points[a] || !points[b]) continue;
        context.moveTo(...points[a]);
        context.lineTo(...points[b]);
      }
      context.stroke();
    }
    context.fillStyle = "rgb(255 255 255 / 80%)";
    for (const point of points.slice(...FACE).filter(Boolean)) {
      context.beginPath();
      context.arc(...point, Math.max(0.8, thick / 4), 0, 7);
      context.fill();
    }
  }
}
