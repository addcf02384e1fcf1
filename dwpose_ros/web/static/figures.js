// SPDX-License-Identifier: Apache-2.0
// A picture for each instruction: a person, and an arrow for what to do. All as the person sees
// themselves in a mirror: their left is on the left.

const NAMESPACE = "http://www.w3.org/2000/svg";
const BODY = "currentColor";
const ACCENT = "var(--figure-accent, #ffc468)";

function element(name, attributes) {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

const line = (d, stroke = BODY, width = 9, more = {}) =>
  element("path", {
    d,
    fill: "none",
    stroke,
    "stroke-width": width,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    ...more,
  });
const dot = (x, y, r, fill = BODY, more = {}) =>
  element("circle", { cx: x, cy: y, r, fill, ...more });

/** A point at a distance from another; 0 degrees is down, 90 to the right. */
function at(x, y, degrees, length) {
  const angle = (degrees * Math.PI) / 180;
  return [x + length * Math.sin(angle), y + length * Math.cos(angle)];
}

const path = (...points) =>
  `M${points.map((p) => p.map((v) => v.toFixed(1)).join(" ")).join("L")}`;

/** A person from the front. Angles in degrees: arms away from the body, bent at the elbows. */
function person({ x = 60, arms = 14, bend = 0, legs = 6, head = "front", faint = false } = {}) {
  const colour = faint ? { opacity: 0.4 } : {};
  const parts = [dot(x, 21, 12, BODY, colour)];
  if (head === "left" || head === "right") {
    const to = head === "left" ? -1 : 1;
    parts.push(line(`M${x + to * 11} 19l${to * 5} 4l${to * -5} 3`, BODY, 4, colour));
  }
  if (head === "front") {
    parts.push(
      dot(x - 4.4, 20, 1.9, "var(--band, #fff)"),
      dot(x + 4.4, 20, 1.9, "var(--band, #fff)"),
    );
  }
  parts.push(line(`M${x} 45V66`, BODY, 23, colour));
  for (const side of [-1, 1]) {
    const elbow = at(x + side * 12, 42, side * arms, 17);
    parts.push(
      line(
        path([x + side * 9, 41], elbow, at(...elbow, side * (arms + bend), 16)),
        BODY,
        7.5,
        colour,
      ),
    );
    parts.push(
      line(path([x + side * 6, 70], at(x + side * 6, 70, side * legs, 40)), BODY, 9.5, colour),
    );
  }
  return parts;
}

/** A person on a chair, or between the wheels of one. */
function seated({ x = 60, wheels = true } = {}) {
  const sides = [-1, 1].map((side) => x + side * 27);
  const chair = wheels
    ? sides.map((at) => line(`M${at} 58V108`, BODY, 8))
    : [
        line(
          `M${sides[0] + 4} 84H${sides[1] - 4}M${sides[0] + 4} 84V112M${sides[1] - 4} 84V112`,
          BODY,
          5,
        ),
      ];
  return [...person({ x, arms: 8, legs: 0 }), ...chair];
}

/** An arrow in the accent colour. */
function arrow(x1, y1, x2, y2) {
  const back = (Math.atan2(x1 - x2, y1 - y2) * 180) / Math.PI;
  const tip = [x2, y2];
  return [
    line(path([x1, y1], tip), ACCENT, 8),
    line(path(at(...tip, back - 38, 14), tip, at(...tip, back + 38, 14)), ACCENT, 8),
  ];
}

/** An arrow round the feet, as seen from the front: to the person's left, right, or all round. */
function turn(to) {
  if (to === "round") {
    return [line("M22 96a40 13 0 1 0 40 -9", ACCENT, 7), line("M72 78l-12 9l12 9", ACCENT, 7)];
  }
  const x = (value) => (to === "left" ? value : 120 - value);
  const bow = `M${x(100)} 84Q${x(100)} 104 ${x(60)} 106T${x(18)} 84`;
  return [line(bow, ACCENT, 7), line(`M${x(8)} 97L${x(18)} 82L${x(31)} 93`, ACCENT, 7)];
}

/** Open hands, with the fingers so far apart. */
function hand(x, spread, mirrored = false) {
  const side = mirrored ? -1 : 1;
  const parts = [line(`M${x} 78V70`, BODY, 28)];
  for (const [i, length] of [26, 31, 33, 28].entries()) {
    const root = [x + side * (i - 1.5) * 7.6, 62];
    parts.push(line(path(root, at(...root, 180 - side * (i - 1.5) * spread, length)), BODY, 6.5));
  }
  const root = [x - side * 13, 76];
  parts.push(line(path(root, at(...root, 180 + side * (30 + spread), 20)), BODY, 6.5));
  return parts;
}

const camera = (x, y, scale = 1) => [
  element("rect", {
    x: x - 22 * scale,
    y: y - 14 * scale,
    width: 44 * scale,
    height: 31 * scale,
    rx: 6 * scale,
    fill: ACCENT,
  }),
  dot(x, y + 2 * scale, 9 * scale, "var(--band, #fff)"),
];
const sun = (sign) => [
  dot(60, 60, 20, ACCENT),
  ...[0, 45, 90, 135, 180, 225, 270, 315].map((angle) =>
    line(path(at(60, 60, angle, 32), at(60, 60, angle, 43)), ACCENT, 7),
  ),
  line(sign === "+" ? "M51 60h18M60 51v18" : "M51 60h18", "var(--band, #fff)", 6),
];
const warning = () => [
  line("M60 22L104 96H16Z", ACCENT, 8),
  line("M60 50V70", ACCENT, 8),
  dot(60, 83, 5, ACCENT),
];
const chevrons = (down) =>
  [0, 1, 2].map((i) => {
    const wide = 10 + 5 * (down ? i : 2 - i);
    const y = 78 + 13 * i;
    return line(
      `M${60 - wide} ${down ? y : y + 8}L60 ${down ? y + 8 : y}L${60 + wide} ${down ? y : y + 8}`,
      ACCENT,
      7,
    );
  });
const small = (parts, y = -6) => {
  const group = element("g", { transform: `translate(60 ${y}) scale(.72) translate(-60 6)` });
  group.append(...parts);
  return [group];
};
// Where each part of the body is in the picture of a person.
const PLACES = {
  head: [[60, 21, 17]],
  face: [[60, 21, 17]],
  shoulders: [[48, 42, 10], [72, 42, 10]],
  elbows: [[43, 59, 9], [77, 59, 9]],
  wrists: [[39, 75, 9], [81, 75, 9]],
  hands: [[39, 78, 10], [81, 78, 10]],
  hips: [[51, 69, 10], [69, 69, 10]],
  knees: [[52, 90, 9], [68, 90, 9]],
  feet: [[49, 110, 9], [71, 110, 9]],
}; // prettier-ignore
const marks = (part) =>
  (PLACES[part] ?? [[60, 60, 40]]).map(([x, y, r]) =>
    dot(x, y, r, "none", { stroke: ACCENT, "stroke-width": 5 }),
  );
const face = (gaze) => [
  dot(60, 58, 38),
  ...[-13, 13].map((x) => dot(60 + x, 52, 6.5, "var(--band, #fff)")),
  ...[-13, 13].map((x) => dot(60 + x + gaze, 52, 3, ACCENT)),
  line("M48 74q12 8 24 0", "var(--band, #fff)", 4),
];

const FIGURES = {
  step_into_view: () => [
    line("M46 12H108V108H46", BODY, 5, { "stroke-dasharray": "1 11" }),
    ...small(person({ x: 82 }), 22),
    ...arrow(8, 62, 42, 62),
  ],
  one_person: () => [...person({ x: 42 }), ...person({ x: 92, faint: true }), line("M76 34L110 92M110 34L76 92", ACCENT, 7)],
  more_people: () => [...person({ x: 38 }), ...person({ x: 84, faint: true }), line("M100 22h16M108 14v16", ACCENT, 6)],
  move_closer: () => [...small(person()), ...chevrons(true)],
  move_back: () => [...small(person()), ...chevrons(false)],
  close_enough: () => [...small(person()), line("M22 100H98", ACCENT, 9)],
  far_enough: () => [...small(person()), line("M22 84H98", ACCENT, 9)],
  move_left: () => [...person({ x: 78 }), ...arrow(50, 62, 10, 62)],
  move_right: () => [...person({ x: 42 }), ...arrow(70, 62, 110, 62)],
  roll_closer: () => [...small(seated()), ...chevrons(true)],
  roll_back: () => [...small(seated()), ...chevrons(false)],
  roll_left: () => [...seated({ x: 82 }), ...arrow(46, 62, 10, 62)],
  roll_right: () => [...seated({ x: 38 }), ...arrow(74, 62, 110, 62)],
  show: (told) => [...person(), ...marks(told.part)],
  turn_left: () => [...small(person(), 0), ...turn("left")],
  turn_right: () => [...small(person(), 0), ...turn("right")],
  turn_around: () => [...small(person({ head: "back" }), 0), ...turn("round")],
  face_camera: () => [...small(person(), 0), ...camera(60, 98, 0.9)],
  face_left_side: () => [...person({ arms: 2, legs: 2, head: "right" })],
  face_right_side: () => [...person({ arms: 2, legs: 2, head: "left" })],
  face_back: () => [...person({ head: "back" }), line("M50 22a10 10 0 0 0 20 0", "var(--band, #fff)", 3)],
  face_three_quarter_left: () => [...small(person({ arms: 8, head: "right" }), 0), ...turn("right")],
  face_three_quarter_right: () => [...small(person({ arms: 8, head: "left" }), 0), ...turn("left")],
  look_at_camera: () => [...face(0), ...camera(60, 108, 0.5)],
  look_ahead: () => [...face(3), ...arrow(100, 52, 116, 52)],
  stand_upright: () => [...person({ arms: 4, legs: 2 }), ...arrow(98, 100, 98, 16)],
  sit_upright: () => [...seated({ wheels: false }), ...arrow(98, 80, 98, 16)],
  stand_up: () => [...seated({ x: 38, wheels: false }), ...arrow(92, 100, 92, 16)],
  arms_away: () => person({ arms: 38, legs: 8 }),
  arms_side: () => person({ arms: 88 }),
  arms_up: () => person({ arms: 160 }),
  lower_arms: () => [...person({ arms: 20 }), ...arrow(18, 44, 18, 84), ...arrow(102, 44, 102, 84)],
  straighten_arms: () => [...person({ arms: 62 }), ...marks("none").slice(1)],
  show_hands: () => [...hand(34, 7), ...hand(86, 7, true)],
  open_hands: () => hand(58, 5),
  spread_fingers: () => hand(58, 17),
  feet_apart: () => [...person({ legs: 24 }), ...arrow(24, 92, 8, 108), ...arrow(96, 92, 112, 108)],
  feet_together: () => [...person({ legs: 4 }), ...arrow(14, 106, 38, 106), ...arrow(106, 106, 82, 106)],
  more_light: () => sun("+"),
  less_light: () => sun("-"),
  clean_lens: () => [...camera(60, 58, 2), line("M84 20l8 8M100 34h8M92 46l8 8", ACCENT, 5)],
  keep_still: () => [...person({ arms: 8 }), line("M20 20V100M100 20V100", ACCENT, 7)],
  one_moment: () => [30, 60, 90].map((x) => dot(x, 60, 10, ACCENT)),
  notice: () => camera(60, 56, 2),
  hold_still: () => [...person({ arms: 10 }), line("M88 20l10 12l18 -22", ACCENT, 8)],
  next_step: () => [...camera(40, 58, 1.4), ...arrow(78, 60, 112, 60)],
  pause: () => [line("M46 34V86M74 34V86", ACCENT, 14)],
  leave_out: () => [...person(), line("M88 20l10 12l18 -22", ACCENT, 8)],
  retake: () => [line("M96 60a36 36 0 1 1 -12 -27", ACCENT, 9), line("M86 14V36H64", ACCENT, 9)],
  capture_failed: warning,
  capture_unavailable: warning,
  done: () => [dot(60, 60, 46, ACCENT), line("M38 62l16 16l30 -36", "var(--band, #fff)", 10)],
  goodbye: () => [...hand(58, 12), line("M98 34q10 14 3 30M14 40q-8 12 -2 26", ACCENT, 6)],
}; // prettier-ignore
FIGURES.move_forward = FIGURES.move_closer;
FIGURES.move_backward = FIGURES.move_back;
FIGURES.roll_forward = FIGURES.roll_closer;
FIGURES.roll_backward = FIGURES.roll_back;
const PROFILES = {
  face: () => [dot(60, 50, 26), line("M28 108q4 -24 32 -24t32 24", BODY, 9)],
  upper_body: () => person(),
  full_body: () => person(),
  hands: () => FIGURES.show_hands(),
  a_pose: () => person({ arms: 42, legs: 14 }),
  turnaround: () => [...small(person(), 0), ...turn("round")],
}; // prettier-ignore

/** The codes of all instructions that have a picture. */
export const CODES = Object.keys(FIGURES);

function drawing(parts, box = "0 0 120 120") {
  const svg = element("svg", { viewBox: box });
  svg.append(...parts);
  return svg;
}

/** The picture of an instruction: a message `guidance`; null where there is none. */
export function figure(told) {
  if (told.code === "countdown") {
    const number = element("text", {
      x: 60,
      y: 66,
      "font-size": 96,
      "font-weight": 800,
      "text-anchor": "middle",
      "dominant-baseline": "central",
      fill: ACCENT,
    });
    number.textContent = String(told.count);
    return drawing([number]);
  }
  return Object.hasOwn(FIGURES, told.code) ? drawing(FIGURES[told.code](told)) : null;
}

/** The picture of a profile; a person for one of the user's own. */
export function profileFigure(name) {
  const draw = Object.hasOwn(PROFILES, name) ? PROFILES[name] : PROFILES.full_body;
  return drawing(draw(), name === "upper_body" ? "20 4 80 68" : undefined);
}

/** A tick, or an empty ring. */
export function tick(ok) {
  return drawing(
    ok
      ? [line("M14 62l32 34l60 -72", "inherit", 16)]
      : [dot(60, 60, 42, "none", { "stroke-width": 14 })],
  );
}
