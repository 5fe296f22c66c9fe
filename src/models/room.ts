/** Checks that a device has room for a model's weights, with a helpful error where it has not. */
import type { Backend } from '../backends/backend.js';
import { DeviceError } from '../base/errors.js';
import type { WeightPlan } from './llamaWeights.js';
import { plannedBytes, WEIGHTS, type WeightSource, type WeightsOption } from './weights.js';

export interface PlannedWeights {
  readonly plan: ReadonlyMap<string, WeightPlan>;
  readonly typeOf: (name: string) => WeightSource['type'];
  readonly weights: WeightsOption;
}

const mib = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;
const bytesAs = ({ plan, typeOf }: PlannedWeights, weights: WeightsOption) =>
  plannedBytes(plan, typeOf, weights);

/**
 * @param name  name of the model in errors
 * @throws DeviceError that states the required and the available memory, and what would fit, before anything is read
 */
export function checkRoom(device: Backend, name: string, planned: PlannedWeights): void {
  const { limitBytes, liveBytes } = device.memory();
  const needed = bytesAs(planned, planned.weights);
  if (limitBytes === undefined || needed <= limitBytes - liveBytes) return;
  const used = liveBytes > 0 ? `, of which ${mib(liveBytes)} are in use` : '';
  throw new DeviceError(
    `${name}: its weights need ${mib(needed)} as ${planned.weights}, and ${device.name} has ${mib(limitBytes)}${used}: ${whatFits(planned, limitBytes - liveBytes)}`,
  );
}

function whatFits(planned: PlannedWeights, free: number): string {
  const others = WEIGHTS.filter((each) => each !== planned.weights);
  const fitting = others.filter((each) => bytesAs(planned, each) <= free);
  const list = (types: readonly WeightsOption[]) =>
    types.map((each) => `${each} (${mib(bytesAs(planned, each))})`).join(', ');
  if (fitting.length > 0) return `they fit as ${list(fitting)}`;
  return `they do not fit as another type either: ${list(others)}`;
}

/** Reports the memory that a model requires where a device, or the machine, proves to have too little while it is loaded. */
export async function withRoom<T>(name: string, planned: PlannedWeights, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    // A failed allocation of an array is a RangeError.
    if (!(error instanceof DeviceError || error instanceof RangeError)) throw error;
    const { weights } = planned;
    const others = WEIGHTS.filter((each) => each !== weights);
    const list = others.map((each) => `${mib(bytesAs(planned, each))} as ${each}`).join(', ');
    throw new DeviceError(
      `${name}: its weights need ${mib(bytesAs(planned, weights))} as ${weights} (${list}): ${error.message}`,
      { cause: error },
    );
  }
}
