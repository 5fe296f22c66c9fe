import type { Backend } from '../backends/backend.js';
import { checkOptions, type OptionNames } from '../base/options.js';
import { Random } from '../base/random.js';
import { Linear } from '../nn/linear.js';
import { Layer } from '../nn/module.js';
import { ReLU } from '../nn/relu.js';
import type { Shape, Tensor } from '../tensor.js';

/** Widths of the two inner layers. */
const HIDDEN = [256, 128] as const;

export interface DigitsNetOptions {
  /** Random seed for the initial weights. Default 0. */
  readonly seed?: number;
  /** Size of an input. Default 784. */
  readonly inFeatures?: number;
  /** Number of classes. Default 10. */
  readonly classes?: number;
}

const NAMES: OptionNames<DigitsNetOptions> = { seed: true, inFeatures: true, classes: true };

/**
 * Three linear layers 784 → 256 → 128 → 10 and one ReLU, on the logits: 235,146 parameters. As in the
 * tutorial, there is no activation between the layers, and one at the end: a logit below 0 gets no gradient.
 */
export class DigitsNet extends Layer {
  linear1: Layer;
  linear2: Layer;
  linear3: Layer;
  relu = new ReLU();

  constructor(device: Backend, options: DigitsNetOptions = {}) {
    super();
    checkOptions('DigitsNet', options, NAMES);
    const { seed = 0, inFeatures = 784, classes = 10 } = options;
    const random = new Random(seed).split('init');
    this.linear1 = new Linear(device, inFeatures, HIDDEN[0], { random });
    this.linear2 = new Linear(device, HIDDEN[0], HIDDEN[1], { random });
    this.linear3 = new Linear(device, HIDDEN[1], classes, { random });
  }

  /** @param x  [batch, inFeatures] @returns logits [batch, classes] */
  forward(x: Tensor): Tensor {
    const hidden = this.linear2.forward(this.linear1.forward(x));
    return this.relu.forward(this.linear3.forward(hidden));
  }
}

/** The shapes of its parameters by name, without making one. */
export function digitsNetShapes({ inFeatures = 784, classes = 10 }: DigitsNetOptions): Map<string, Shape> {
  const widths = [inFeatures, ...HIDDEN, classes];
  return new Map(
    [1, 2, 3].flatMap((layer): [string, Shape][] => [
      [`linear${layer}.weight`, [widths[layer], widths[layer - 1]]],
      [`linear${layer}.bias`, [widths[layer]]],
    ]),
  );
}
