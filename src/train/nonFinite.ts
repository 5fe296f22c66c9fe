/** What ends a training whose numbers have gone wrong: the weights are those before the iteration, where it is noticed in time. */
export class NonFiniteError extends Error {
  override readonly name = 'NonFiniteError';

  /**
   * @param what       `loss` or `gradient`
   * @param iteration  from 1 on
   */
  constructor(
    readonly what: 'loss' | 'gradient',
    value: number,
    readonly iteration: number,
  ) {
    super(`fit: the ${what} is ${value} at iteration ${iteration}`);
  }
}
