// SPDX-License-Identifier: Apache-2.0
// What the pages besides the person's share: their language, and requests that say what went wrong.
import { chosenLanguage, speak, text } from "./texts.js";

/** Load the texts: in the language chosen on this device, else in the browser's, else English. */
export async function useOwnLanguage() {
  const wanted = [chosenLanguage(), ...navigator.languages, "en"].filter(Boolean);
  const tried = new Set(wanted.flatMap((code) => [code, code.split("-")[0]]));
  for (const code of tried) {
    if (await speak(code)) break;
  }
  for (const title of document.querySelectorAll("h1[data-text]"))
    document.title = title.textContent;
}

/** Ask the server for something; what it gives as JSON. Throws an Error that says what was wrong. */
export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error(text("reconnecting"));
  }
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

/** Make an element with properties and children. */
export function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}
