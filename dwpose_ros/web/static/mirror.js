// SPDX-License-Identifier: Apache-2.0
// The live picture: the newest one that could be decoded, on a canvas.

export class Mirror {
  #canvas;
  #next = null;
  #busy = false;
  #shown;

  /** `shown(stamp)` is called after each picture that was drawn. */
  constructor(canvas, shown) {
    this.#canvas = canvas;
    this.#shown = shown;
  }

  /** Show a picture, unless a newer one comes before it is decoded. */
  show(picture) {
    if (this.#next) this.#shown(null); // replaced: the server may send another
    this.#next = picture;
    if (!this.#busy) this.#work();
  }

  async #work() {
    this.#busy = true;
    while (this.#next) {
      const { stamp, jpeg } = this.#next;
      this.#next = null;
      try {
        const bitmap = await createImageBitmap(jpeg);
        fit(this.#canvas, bitmap.width, bitmap.height);
        this.#canvas.getContext("2d", { alpha: false }).drawImage(bitmap, 0, 0);
        bitmap.close();
        this.#shown(stamp);
      } catch {
        this.#shown(null); // a damaged picture: the next may be better
      }
    }
    this.#busy = false;
  }
}

/** Give a canvas a size, if it has another. */
export function fit(canvas, width, height) {
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
}
