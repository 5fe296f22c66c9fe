/** The tensors of a file as a table. */
import { printable } from '../base/printable.js';
import { groupedTable } from './table.js';

export interface InspectedTensor {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  /** The root of the sum of squares; undefined where it was not computed. */
  readonly norm?: number | undefined;
}

/** Characters of a name. */
const MAX_NAME = 120;

/** A row for each tensor, with a column of norms where there are any. */
export function tensorsTable(tensors: readonly InspectedTensor[]): string {
  const hasNorms = tensors.some(({ norm }) => norm !== undefined);
  const rows = tensors.map(({ name, type, shape, norm }) => {
    const cells = [printable(name, MAX_NAME), type, shape.join(' × ')];
    return hasNorms ? [...cells, norm?.toPrecision(4) ?? ''] : cells;
  });
  const heading = ['tensor', 'type', 'shape', ...(hasNorms ? ['norm'] : [])];
  return groupedTable([[heading], rows], [0, 1]);
}
