/** The course of an export: how much is written, and how much the rounding has changed. */
import { dequantize } from '../gguf/blocks.js';
import type { Rounded } from './exportTypes.js';

/** Options for the progress and the end of an export. */
export interface ExportProgress {
  /** Called after each weight with the bytes of the weights made so far, and of all. */
  readonly onBytes?: ((done: number, total: number) => void) | undefined;
  /** Signal that ends the export; the previous files remain then. */
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

  /** Begins a pass through weights. @param total  their bytes */
  begin(total: number): void {
    this.#done = 0;
    this.#total = total;
  }

  /** Ends the export where the signal requires it. @throws the signal's reason */
  checkSignal(): void {
    this.#progress.signal?.throwIfAborted();
  }

  /** Records a weight that was made. */
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
