/** The right answers, in float64 throughout, and how far a peer may differ from them. */
import { selectDevice } from '../../src/index.js';
import { lowrankTasks } from './lowrank.js';
import { type Letters, TASK_NAMES, type Task, type TaskName } from './peer.js';
import { sampledRows, type Work } from './work.js';

/** Relative tolerance of each loss of the checked steps. */
export const LOSS_TOLERANCE = 1e-3;
/** Tolerance of counts over 10,000 images, summed over the digits: nearly equal outputs may be ordered differently. */
export const COUNT_TOLERANCE = 5;
/** Tolerance of each checked element of a product, in units of 2⁻²⁴ Σ|a||b|. */
export const PRODUCT_TOLERANCE = 64;

export interface Oracle {
  /** @returns why the values are wrong, or undefined */
  judge(name: TaskName, values: ArrayLike<number>): string | undefined;
}

export async function makeOracle(work: Work): Promise<Oracle> {
  const { device } = await selectDevice({ prefer: 'reference' });
  const tasks = await lowrankTasks(device, work);
  const right = new Map<TaskName, ArrayLike<number>>();
  const bounds = new Map<TaskName, ArrayLike<number>>();
  let counts: ArrayLike<number> | undefined;
  for (const name of TASK_NAMES) {
    const [kind, size, letters] = name.split(' ');
    if (kind === 'matmul') {
      const product = exactRows(work, Number(size), letters as Letters);
      right.set(name, product.sums);
      bounds.set(name, product.bounds);
    } else if (kind === 'evaluation') {
      // The same whatever the batch size, and slow in float64.
      counts ??= await (tasks.get(name) as Task).check();
      right.set(name, counts);
    } else {
      const losses = await (tasks.get(name) as Task).check();
      right.set(name, losses);
      bounds.set(
        name,
        Array.from(losses, (loss) => LOSS_TOLERANCE * Math.abs(loss)),
      );
    }
  }
  device.dispose();
  return { judge: (name, values) => judge(values, right.get(name) ?? [], bounds.get(name)) };
}

function judge(
  values: ArrayLike<number>,
  right: ArrayLike<number>,
  bounds: ArrayLike<number> | undefined,
): string | undefined {
  if (values.length !== right.length) return `${values.length} values for ${right.length}`;
  let misplaced = 0;
  for (let i = 0; i < right.length; i++) {
    const error = Math.abs(values[i] - right[i]);
    misplaced += error;
    if (bounds && !(error <= bounds[i])) return `value ${i} is ${values[i]}, not ${right[i]}`;
  }
  return misplaced <= COUNT_TOLERANCE || bounds ? undefined : `${misplaced} images are counted differently`;
}

function exactRows(work: Work, size: number, letters: Letters): { sums: number[]; bounds: number[] } {
  const [a, b] = work.matrices(size);
  const [sums, bounds]: [number[], number[]] = [[], []];
  for (const i of sampledRows(size)) {
    for (let j = 0; j < size; j++) {
      let [sum, magnitude] = [0, 0];
      for (let l = 0; l < size; l++) {
        const left = a[letters[0] === 'T' ? l * size + i : i * size + l];
        const product = left * b[letters[1] === 'T' ? j * size + l : l * size + j];
        sum += product;
        magnitude += Math.abs(product);
      }
      sums.push(sum);
      bounds.push(PRODUCT_TOLERANCE * 2 ** -24 * magnitude);
    }
  }
  return { sums, bounds };
}
