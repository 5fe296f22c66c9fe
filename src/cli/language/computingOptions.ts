/** Options that the commands on language models have in common: how the model computes. */
import type { Command } from 'commander';
import { WEIGHTS, type WeightsOption } from '../../models/weights.js';
import { PRECISIONS } from '../../nn/precision.js';
import { DEVICES, type DeviceOptions, parseDeviceOptions } from '../options.js';
import { withDefault } from '../streams.js';
import { oneOf } from '../values.js';
import type { PrecisionOption } from './loadModel.js';

/** Options as commander passes them: every value is still text. */
export interface RawComputingOptions {
  readonly weights: string;
  readonly precision: string;
  readonly device: string;
  readonly threads: string;
}

export interface ComputingCommand extends DeviceOptions {
  readonly weights: WeightsOption;
  readonly precision: PrecisionOption;
}

const PRECISION_OPTIONS = ['auto', ...PRECISIONS] as const satisfies readonly PrecisionOption[];
/** The default of every command, so that a model answers as it was trained and measured. */
const DEFAULT_PRECISION: PrecisionOption = 'auto';

const COMPUTING_DEFAULTS = {
  weights: 'keep',
  precision: DEFAULT_PRECISION,
  device: 'auto',
  threads: 'auto',
} as const satisfies RawComputingOptions;

export function addComputingOptions(command: Command): Command {
  const { weights, precision, device, threads } = COMPUTING_DEFAULTS;
  const types = `element type of the weights: ${WEIGHTS.join(', ')}`;
  const ofPrecision =
    'products with packed weights: exact uses float32; fast rounds activations to 16 bits, in WebAssembly; fastest, while text is generated, to 8 where weights have 4; auto uses fast where possible';
  const ofThreads = 'WebAssembly threads, 1 to 64, or auto; the results are the same';
  return command
    .optionsGroup('Computing:')
    .addOption(withDefault('--weights <type>', types, weights))
    .addOption(withDefault('--precision <name>', ofPrecision, precision))
    .addOption(withDefault('--device <name>', DEVICES.join(', '), device))
    .addOption(withDefault('--threads <n>', ofThreads, threads));
}

/** @throws UsageError for the first value that is not what its option takes */
export function parseComputingOptions(raw: RawComputingOptions): ComputingCommand {
  return {
    ...parseDeviceOptions(raw),
    weights: oneOf('--weights', raw.weights, WEIGHTS),
    precision: oneOf('--precision', raw.precision, PRECISION_OPTIONS),
  };
}
