/** MNIST: its bytes once they are fetched, and its images on the device once they are required there. */
import { type Backend, DataError, Dataset } from 'lowrank';
import { parseMnist } from 'lowrank/mnist';
import { fetchMnist, type OnBytes } from './files.js';
import { PIXELS } from './pixels.js';

/** Shape and normalisation of the images, the same as in `loadMnist`. */
export const NORMALISATION = { features: PIXELS, classes: 10, mean: 0.1301, std: 0.3081 };

type Part = 'train' | 'test';
type Bytes = Awaited<ReturnType<typeof parseMnist>>;

/** The quick digits, 1,000 to train and 1,000 to test with, come first; all 70,000 only on request. */
export class Digits {
  #quick: Bytes | undefined;
  #all: Bytes | undefined;
  readonly #onDevice = new Map<Bytes[Part], Dataset>();

  /** @throws DataError saying why they cannot be had */
  async fetchQuick(): Promise<void> {
    this.#quick ??= await parseMnist(await fetchMnist('quick', () => {}));
  }

  /** @throws DataError saying why they cannot be had */
  async fetchAll(onBytes: OnBytes): Promise<void> {
    this.#all ??= await parseMnist(await fetchMnist('all', onBytes));
  }

  /** @throws DataError before they are here */
  get quick(): Bytes {
    if (!this.#quick) throw new DataError('the practice digits are not here yet');
    return this.#quick;
  }

  get hasAll(): boolean {
    return this.#all !== undefined;
  }

  /** @throws DataError before they are here */
  get all(): Bytes {
    if (!this.#all) throw new DataError('MNIST is not here yet');
    return this.#all;
  }

  /** Images on the device, which stay there. */
  dataset(device: Backend, bytes: Bytes[Part]): Dataset {
    const found = this.#onDevice.get(bytes);
    if (found) return found;
    const made = Dataset.fromBytes(device, bytes.images, bytes.labels, NORMALISATION);
    this.#onDevice.set(bytes, made);
    return made;
  }

  /** Forgets the images on a device that is closed. */
  leaveDevice(): void {
    this.#onDevice.clear();
  }
}
