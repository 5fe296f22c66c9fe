/** MNIST: its bytes once they are here, and its images on the device once they are wanted there. */
import { type Backend, DataError, Dataset } from 'lowrank';
import { parseMnist } from 'lowrank/mnist';
import { fetchMnist, type OnBytes } from './files.js';
import { PIXELS } from './pixels.js';

/** As `loadMnist` takes them. */
export const NORMALISATION = { features: PIXELS, classes: 10, mean: 0.1301, std: 0.3081 };

export class Digits {
  #mnist: Awaited<ReturnType<typeof parseMnist>> | undefined;
  #train: Dataset | undefined;
  #test: Dataset | undefined;

  /** @throws DataError saying why it cannot be had */
  async fetch(onBytes: OnBytes): Promise<void> {
    this.#mnist ??= await parseMnist(await fetchMnist(onBytes));
  }

  /** @throws DataError before it is here */
  get bytes() {
    if (!this.#mnist) throw new DataError('MNIST is not here yet');
    return this.#mnist;
  }

  train(device: Backend): Dataset {
    const { images, labels } = this.bytes.train;
    this.#train ??= Dataset.fromBytes(device, images, labels, NORMALISATION);
    return this.#train;
  }

  test(device: Backend): Dataset {
    const { images, labels } = this.bytes.test;
    this.#test ??= Dataset.fromBytes(device, images, labels, NORMALISATION);
    return this.#test;
  }

  /** What lies on the device goes with it. */
  leaveDevice(): void {
    this.#train = undefined;
    this.#test = undefined;
  }
}
