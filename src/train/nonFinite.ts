/** Error that ends a training run whose loss or gradient is not finite; where noticed in time, the weights are those before the iteration. */
export class NonFiniteError extends Error {
  override readonly name = 'NonFiniteError';

  /**
   * @param what       `loss` or `gradient`
   * @param iteration  number of the iteration, starting from 1
   */
  constructor(
    readonly what: 'loss' | 'gradient',
    value: number,
    readonly iteration: number,
  ) {
    super(`fit: the ${what} is ${value} at iteration ${iteration}`);
  }
}
