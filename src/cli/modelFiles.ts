/** DigitsNet as the commands save it. */
import { type Backend, DataError, parseSafetensors, type StateDict, toFloat32 } from '../core.js';
import { digitsNetShapes } from '../mnist/digitsNet.js';
import { DigitsNet } from '../mnist/index.js';
import { readFileBytes } from '../node.js';

/** Maximum number of problems in one message. */
const MOST_LISTED = 6;

/**
 * A DigitsNet with the weights of a file. Names and shapes are compared before anything of their size is allocated.
 * @param images  that it is for; default any
 * @throws DataError when the file cannot be read, or holds something else or a model for other images
 */
export async function readDigitsNet(
  device: Backend,
  file: string,
  images?: { readonly features: number; readonly classes: number },
): Promise<DigitsNet> {
  const { tensors } = parseSafetensors(await readFileBytes(file), file);
  const inFeatures = tensors.get('linear1.weight')?.shape[1] ?? 784;
  const classes = tensors.get('linear3.weight')?.shape[0] ?? 10;
  const problems: string[] = [];
  const shapes = digitsNetShapes({ inFeatures, classes });
  for (const [name, shape] of shapes) {
    const found = tensors.get(name)?.shape;
    if (!found) problems.push(`missing ${name}`);
    else if (found.join() !== shape.join()) problems.push(`${name} must be [${shape}]: found [${found}]`);
  }
  for (const name of tensors.keys()) if (!shapes.has(name)) problems.push(`unexpected ${name}`);
  if (inFeatures < 1 || classes < 1) problems.push('a layer must not be empty');
  if (problems.length > MOST_LISTED) {
    problems.splice(MOST_LISTED, problems.length, `and ${problems.length - MOST_LISTED} more`);
  }
  if (problems.length > 0) throw new DataError(`${file}: is not a DigitsNet: ${problems.join('; ')}`);
  if (images && (inFeatures !== images.features || classes !== images.classes)) {
    throw new DataError(
      `${file}: must be for images of ${images.features} pixels and ${images.classes} digits: is for ${inFeatures} and ${classes}`,
    );
  }
  const state: StateDict = new Map();
  for (const [name, tensor] of tensors) {
    state.set(name, { shape: tensor.shape, data: toFloat32(tensor, `${file}: ${name}`) });
  }
  const model = new DigitsNet(device, { inFeatures, classes });
  model.loadStateDict(state);
  return model;
}
