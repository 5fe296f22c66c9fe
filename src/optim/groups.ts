/** The parameters of an optimizer, and the groups with their own settings. */
import { checkOptions, type OptionNames } from '../base/options.js';
import { type Parameter, Tensor } from '../tensor.js';

/** Parameters with their own settings. */
export interface ParameterGroup {
  readonly parameters: Iterable<Parameter>;
  /** Learning rate of the group. Default: the optimizer's. */
  readonly learningRate?: number;
}

const NAMES: OptionNames<ParameterGroup> = { parameters: true, learningRate: true };

/**
 * Parameters, or groups of them.
 * @see https://docs.pytorch.org/docs/stable/optim.html#per-parameter-options
 */
export type OptimizerParameters = Iterable<Parameter> | readonly ParameterGroup[];

export interface Group {
  readonly learningRate: number | undefined;
  /** Range of its parameters in the optimizer's list: from `first` up to, not including, `end`. */
  readonly first: number;
  readonly end: number;
}

/**
 * The parameters to train and their groups.
 * @param name  name of the optimizer in error messages
 * @throws RangeError for a parameter that is listed twice, a group in which nothing trains, or a learning rate below 0;
 *   TypeError for a value that is neither a parameter nor a group
 */
export function groupsOf(
  name: string,
  parameters: OptimizerParameters,
): { all: Parameter[]; groups: Group[] } {
  const given = Array.from<Parameter | ParameterGroup>(parameters);
  const isGroup = (each: Parameter | ParameterGroup): each is ParameterGroup => !(each instanceof Tensor);
  for (const group of given.filter(isGroup)) checkOptions(`${name}: parameter group`, group, NAMES);
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
        throw new RangeError(`${name}: parameter listed twice: [${parameter.shape}]`);
      all.push(parameter);
    }
    if (all.length > first) groups.push({ learningRate, first, end: all.length });
    else if (group.parameters !== plain) {
      throw new RangeError(`${name}: no parameter of a group requires a gradient: leave the group out`);
    }
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
