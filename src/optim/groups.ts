/** The parameters of an optimizer, and those of them that have numbers of their own. */
import type { Parameter } from '../tensor.js';

/** Parameters that are stepped with numbers of their own. */
export interface ParameterGroup {
  readonly parameters: Iterable<Parameter>;
  /** Default: the optimizer's. */
  readonly learningRate?: number;
}

/**
 * Parameters, or groups of them.
 * @see https://docs.pytorch.org/docs/stable/optim.html#per-parameter-options
 */
export type OptimizerParameters = Iterable<Parameter> | readonly ParameterGroup[];

export interface Group {
  readonly learningRate: number | undefined;
  /** Of its parameters in the optimizer's list: from `first` up to, not including, `end`. */
  readonly first: number;
  readonly end: number;
}

/**
 * The parameters to train and their groups.
 * @param name  of the optimizer, for errors
 * @throws RangeError for a parameter that is there twice, or a learning rate below 0
 */
export function groupsOf(
  name: string,
  parameters: OptimizerParameters,
): { all: Parameter[]; groups: Group[] } {
  const given = Array.from<Parameter | ParameterGroup>(parameters);
  const isGroup = (each: Parameter | ParameterGroup): each is ParameterGroup => 'parameters' in each;
  const plain = given.filter((each): each is Parameter => !isGroup(each));
  const all: Parameter[] = [];
  const groups: Group[] = [];
  for (const group of [{ parameters: plain, learningRate: undefined }, ...given.filter(isGroup)]) {
    const first = all.length;
    const { learningRate } = group;
    if (learningRate !== undefined) checkAtLeastZero(name, { learningRate });
    for (const parameter of group.parameters) {
      if (!parameter.requiresGrad) continue;
      if (all.includes(parameter))
        throw new RangeError(`${name}: a parameter is there twice: [${parameter.shape}]`);
      all.push(parameter);
    }
    if (all.length > first) groups.push({ learningRate, first, end: all.length });
  }
  return { all, groups };
}

/** @throws RangeError for a number that is negative or not finite */
export function checkAtLeastZero(name: string, numbers: Readonly<Record<string, number>>): void {
  for (const [what, value] of Object.entries(numbers)) {
    if (!(value >= 0 && Number.isFinite(value)))
      throw new RangeError(`${name}: ${what} must be at least 0: ${value}`);
  }
}
