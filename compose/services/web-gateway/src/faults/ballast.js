const MIB = 1024 * 1024;

/**
 * Memory held on purpose. A resizable buffer gives its pages back when it shrinks, whereas a
 * dropped one stays resident until the garbage collector happens to look, which in an idle
 * process takes minutes.
 */
export class Ballast {
  /** @type {ArrayBuffer | undefined} */
  #buffer;

  get mib() {
    return (this.#buffer?.byteLength ?? 0) / MIB;
  }

  /** @param {number} mib */
  hold(mib) {
    if (mib === this.mib) return;
    this.#buffer?.resize(0);
    this.#buffer = undefined;
    if (mib === 0) return;
    const bytes = mib * MIB;
    this.#buffer = new ArrayBuffer(bytes, { maxByteLength: bytes });
    // Pages that nobody wrote to are not resident.
    new Uint8Array(this.#buffer).fill(1);
  }
}
