// SPDX-License-Identifier: Apache-2.0
// Tones that guide beside or instead of the voice: the same notes as the speech node's.

const PERIOD_S = 0.4; // from one note to the next
const SEARCH_S = 1.2; // from one tick to the next
const NOTE_S = { search: 0.06, guide: 0.24, hold: PERIOD_S, taken: 0.36 };
const GLIDE = 0.3; // of an octave, up or down
const TREMBLE_HZ = 14;
const LEVEL = 0.3;
const EDGE_S = 0.012; // fade in and out, against clicks
const STALE_MS = 1000; // a tone that was told so long ago may be true no more

export class Tones {
  #context = null;
  #told = null;
  #toldAt = 0;
  #next = 0; // when the next note may begin, in the context's time
  #timer = 0;
  #taken = false;
  /** Whether somebody speaks, so that notes wait. */
  quiet = false;

  /** Play a tone from the next note on. */
  play(told) {
    this.#told = told;
    this.#toldAt = performance.now();
    if (told.tone === "silence" || !window.AudioContext) return;
    this.#context ??= new AudioContext();
    this.#context.resume(); // browsers let a page sound once somebody has touched it
    this.#timer ||= setInterval(() => this.#tick(), 50);
  }

  /** Be silent. */
  stop() {
    clearInterval(this.#timer);
    this.#timer = 0;
  }

  #tick() {
    const { tone } = this.#told;
    if (tone !== "taken") this.#taken = false;
    const stale = performance.now() - this.#toldAt > STALE_MS;
    if (tone === "silence" || stale) return this.stop();
    const now = this.#context.currentTime;
    if (this.quiet || now < this.#next || (tone === "taken" && this.#taken)) return;
    this.#taken = tone === "taken";
    this.#next = now + (tone === "search" ? SEARCH_S : PERIOD_S);
    this.#note(this.#told, now + 0.02);
  }

  #note({ tone, hz, aside, depth, turn }, at) {
    const length = NOTE_S[tone];
    if (!length) return;
    const source = new OscillatorNode(this.#context, { type: "triangle", frequency: hz });
    const gain = new GainNode(this.#context, { gain: 0 });
    const pan = new StereoPannerNode(this.#context, { pan: Math.max(-1, Math.min(1, aside)) });
    source.connect(gain).connect(pan).connect(this.#context.destination);
    if (tone === "search") source.frequency.value = hz / 2;
    if (tone === "taken") {
      for (const [i, step] of [1, 1.25, 1.5].entries()) {
        source.frequency.setValueAtTime((hz / 2) * step, at + i * 0.12);
      }
    }
    if (depth) {
      const half = 2 ** ((GLIDE * Math.sign(depth)) / 2);
      source.frequency.setValueAtTime(hz / half, at);
      source.frequency.exponentialRampToValueAtTime(hz * half, at + length);
    }
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(LEVEL, at + EDGE_S);
    if (turn) {
      for (let t = EDGE_S; t < length - EDGE_S; t += 0.5 / TREMBLE_HZ) {
        const high = Math.round(t * 2 * TREMBLE_HZ) % 2;
        gain.gain.linearRampToValueAtTime(high ? LEVEL : 0.02, at + t);
      }
    } else {
      gain.gain.setValueAtTime(LEVEL, at + length - EDGE_S);
    }
    gain.gain.linearRampToValueAtTime(0, at + length);
    source.start(at);
    source.stop(at + length);
  }
}
