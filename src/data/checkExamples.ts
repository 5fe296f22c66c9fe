/** Checks of a dataset before its examples go to a device. */
import { DataError } from '../base/errors.js';
import type { DatasetOptions } from './dataset.js';

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

/** @throws DataError when the lengths differ, a label is out of range, or there is no example */
export function checkExamples(
  images: Uint8Array,
  labels: Uint8Array,
  { features, classes }: DatasetOptions,
): void {
  if (labels.length === 0) throw new DataError('dataset: there are no examples');
  if (images.length !== labels.length * features) {
    throw new DataError(
      `dataset: ${labels.length} labels of ${features} features require ${labels.length * features} bytes: got ${images.length}`,
    );
  }
  const bad = labels.findIndex((label) => label >= classes);
  if (bad < 0) return;
  throw new DataError(`dataset: label ${bad} must be 0 to ${classes - 1}: got ${labels[bad]}`);
}
