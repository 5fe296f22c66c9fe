/** The precision of products with frozen weights. */
import type { Backend } from '../backends/backend.js';
import { isPackedType } from '../backends/elementTypes.js';
import { DeviceError } from '../base/errors.js';
import type { Parameter, Precision } from '../tensor.js';
import type { Module } from './module.js';

export const PRECISIONS = ['exact', 'fast', 'fastest'] as const satisfies readonly Precision[];

function packedWeights(module: Module): Parameter[] {
  return module.parameters().filter(({ dtype }) => isPackedType(dtype));
}

/** Whether a module has weights for which {@link Precision} makes a difference. */
export function hasPackedWeights(module: Module): boolean {
  return packedWeights(module).length > 0;
}

/** Sets {@link Precision} for all packed weights of a module. */
export function setPrecision(module: Module, precision: Precision): void {
  for (const weight of packedWeights(module)) weight.precision = precision;
}

/** @throws RangeError for an unknown precision, DeviceError for any but `exact` where the device has no integer products */
export function checkPrecision(what: string, precision: Precision, { name }: Backend): void {
  if (!PRECISIONS.includes(precision))
    throw new RangeError(`${what}: must be one of ${PRECISIONS.join(', ')}: ${precision}`);
  if (precision !== 'exact' && name === 'webgpu')
    throw new DeviceError(`${what}: ${name} has no integer products: use exact, or the device wasm`);
}
