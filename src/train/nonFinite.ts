/**
 * Error for a number of a model that is not finite. Where it ends a training run and is noticed in time, the weights are those
 * before the iteration.
 */
export class NonFiniteError extends Error {
  override readonly name = 'NonFiniteError';

  /**
   * @param what       the number: a loss, a gradient, or the model's output for a token
   * @param iteration  number of the iteration of a training run, starting from 1; undefined outside of one
   */
  constructor(
    message: string,
    readonly what: 'loss' | 'gradient' | 'logit',
    readonly iteration?: number,
  ) {
    super(message);
  }
}
