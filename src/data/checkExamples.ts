/** What a dataset refuses before its examples go to a device. */
import { DataError } from '../errors.js';
import type { DatasetOptions } from './dataset.js';

/** The largest byte: pixels and labels are kept as bytes. */
const LARGEST = 255;

/** @throws RangeError for sizes or a normalisation that no dataset can have */
export function checkNumbers({ features, classes, mean, std }: DatasetOptions): void {
  for (const [name, value] of Object.entries({ features, classes })) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new RangeError(`dataset: ${name} must be a positive integer: ${value}`);
  }
  if (!Number.isFinite(mean)) throw new RangeError(`dataset: mean must be finite: ${mean}`);
  if (!(std > 0 && Number.isFinite(std))) {
    throw new RangeError(`dataset: std must be finite and above 0: ${std}`);
  }
}

/** @throws DataError when the lengths differ, a value is out of range, or there is no example */
export function checkExamples(
  images: ArrayLike<number>,
  labels: ArrayLike<number>,
  { features, classes }: DatasetOptions,
): void {
  if (labels.length === 0) throw new DataError('dataset: there are no examples');
  if (images.length !== labels.length * features) {
    throw new DataError(
      `dataset: ${labels.length} labels of ${features} features require ${labels.length * features} bytes: got ${images.length}`,
    );
  }
  const label = firstOutside(labels, Math.min(classes - 1, LARGEST));
  if (label >= 0) {
    const rule = `must be 0 to ${Math.min(classes - 1, LARGEST)}`;
    throw new DataError(`dataset: label ${label} ${rule}: got ${labels[label]}`);
  }
  const byte = isBytes(images) ? -1 : firstOutside(images, LARGEST);
  if (byte < 0) return;
  throw new DataError(
    `dataset: image values must be whole numbers from 0 to ${LARGEST}: value ${byte} is ${images[byte]}`,
  );
}

function isBytes(values: ArrayLike<number>): boolean {
  return values instanceof Uint8Array || values instanceof Uint8ClampedArray;
}

/** Where the first number is that is not a whole one from 0 to `most`; −1 when all are. */
function firstOutside(values: ArrayLike<number>, most: number): number {
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!(Number.isInteger(value) && value >= 0 && value <= most)) return i;
  }
  return -1;
}
