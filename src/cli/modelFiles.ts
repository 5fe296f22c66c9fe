/** DigitsNet as the commands save it. */
import { type Backend, DataError, DigitsNet, parseModel } from '../core.js';
import { readFileBytes } from '../node.js';

/**
 * A DigitsNet with the weights of a file.
 * @param images  that it is for; default any
 * @throws DataError when the file cannot be read, or holds something else or a model for other images
 */
export async function readDigitsNet(
  device: Backend,
  file: string,
  images?: { readonly features: number; readonly classes: number },
): Promise<DigitsNet> {
  const state = parseModel(await readFileBytes(file), file);
  const inFeatures = state.get('linear1.weight')?.shape[1] ?? 784;
  const classes = state.get('linear3.weight')?.shape[0] ?? 10;
  const model = new DigitsNet(device, { inFeatures, classes });
  try {
    model.loadStateDict(state);
  } catch (error) {
    model.dispose();
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataError(`${file}: is no DigitsNet: ${reason}`, { cause: error });
  }
  if (!images || (inFeatures === images.features && classes === images.classes)) return model;
  model.dispose();
  throw new DataError(
    `${file}: must be for images of ${images.features} pixels and ${images.classes} digits: is for ${inFeatures} and ${classes}`,
  );
}
