/** What an export has done so far: how much is written, and what the rounding has changed. */
import { dequantize } from '../gguf/blocks.js';
import type { Rounded } from './exportTypes.js';

/** How far an export is, and what ends it. */
export interface ExportProgress {
  /** Called after each weight with the bytes of all that are made so far, and of all. */
  readonly onBytes?: ((done: number, total: number) => void) | undefined;
  /** Ends the export; what was there before is there then. */
  readonly signal?: AbortSignal | undefined;
}

export class ExportLog {
  /** The largest |written − merged| of a tensor so far, relative to its largest |merged|. */
  difference = 0;
  tensor: string | undefined;
  readonly notes: string[] = [];
  readonly #progress: ExportProgress;
  #done = 0;
  #total = 0;

  constructor(progress: ExportProgress = {}) {
    this.#progress = progress;
  }

  /** Begins a pass through weights of so many bytes. */
  begin(total: number): void {
    this.#done = 0;
    this.#total = total;
  }

  /** @throws the signal's reason */
  checkSignal(): void {
    this.#progress.signal?.throwIfAborted();
  }

  /** Takes note of a weight that was made. */
  note(name: string, values: Float32Array, made: Rounded): void {
    if (made.type !== 'F32') this.#compare(name, values, made);
    this.#done += made.bytes.length;
    this.#progress.onBytes?.(this.#done, this.#total);
  }

  #compare(name: string, values: Float32Array, { type, bytes }: Rounded): void {
    const written = dequantize(type, bytes, values.length, name);
    let [gap, largest] = [0, 0];
    for (let i = 0; i < values.length; i++) {
      gap = Math.max(gap, Math.abs(written[i] - values[i]));
      largest = Math.max(largest, Math.abs(values[i]));
    }
    if (gap / largest > this.difference) {
      this.difference = gap / largest;
      this.tensor = name;
    }
  }
}
