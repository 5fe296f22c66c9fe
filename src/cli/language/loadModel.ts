/** The model of a command, loaded with progress, and how it computes. */
import type { Backend, Precision } from '../../core.js';
import type { ModelPlace } from '../../files/modelPlace.js';
import { type LoadedLanguageModel, loadLanguageModel } from '../../models/load.js';
import type { WeightsOption } from '../../models/weights.js';
import { hasPackedWeights } from '../../nn/precision.js';
import { shown } from '../modelPath.js';
import type { RunReporting } from './reporting.js';

/** `auto`: `fast` where weights are packed and the device has integer products, otherwise `exact`. */
export type PrecisionOption = Precision | 'auto';

interface LoadOptions {
  readonly weights: WeightsOption;
  readonly precision: PrecisionOption;
}

/** Loads a model, reports notes on its files, and sets its precision. @throws as loadLanguageModel */
export async function loadModel(
  device: Backend,
  from: ModelPlace,
  { weights, precision }: LoadOptions,
  { progress, notice, signal }: RunReporting,
): Promise<LoadedLanguageModel> {
  const asked = precision === 'auto' ? 'exact' : precision;
  const loaded = await shown('load', progress, (onBytes) =>
    loadLanguageModel(device, from, { weights, precision: asked, onBytes, signal }),
  );
  for (const note of loaded.notes) notice(`note: ${note}`);
  const { model } = loaded;
  if (precision === 'auto' && device.name !== 'webgpu' && hasPackedWeights(model)) model.precision = 'fast';
  return loaded;
}
