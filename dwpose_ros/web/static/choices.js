// SPDX-License-Identifier: Apache-2.0
// What the person chooses from.
import { profileFigure } from "./figures.js";

/** Fill a select with pairs of value and name. */
export function options(select, pairs, chosen) {
  select.replaceChildren(...pairs.map(([value, name]) => new Option(name, value)));
  select.value = chosen;
}

/** Fill an element with a choice for each profile; pairs of its name, and that in words. */
export function profileChoices(element, names, choose) {
  element.replaceChildren(
    ...names.map(([value, name]) => {
      const label = document.createElement("label");
      const input = document.createElement("input");
      Object.assign(input, { type: "radio", name: "profile", value, className: "unseen" });
      input.addEventListener("change", () => choose(value));
      const drawing = profileFigure(value);
      drawing.setAttribute("aria-hidden", "true");
      label.append(input, drawing, name);
      return label;
    }),
  );
}
