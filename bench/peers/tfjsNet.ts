/** DigitsNet in tfjs, trained by its own gradients and Adam or by ones written by hand. */
import * as tf from '@tensorflow/tfjs';
import type { StepKind } from './peer.js';
import { FoldedAdam } from './tfjsAdam.js';
import { ADAM, type Layer, LORA, SCALING, transpose } from './work.js';

interface Batch {
  readonly x: tf.Tensor2D;
  /** One-hot, [batch, 10] */
  readonly y: tf.Tensor2D;
}

/** Transposed against PyTorch's, as tfjs has its layers. */
interface TfLayer {
  /** [inFeatures, outFeatures] */
  readonly weight: tf.Variable<tf.Rank.R2>;
  /** Transpose of a frozen weight, made once. */
  readonly weightT: tf.Tensor2D | undefined;
  readonly bias: tf.Variable<tf.Rank.R1>;
  /** [inFeatures, rank] and [rank, outFeatures] */
  readonly a: tf.Variable<tf.Rank.R2>;
  readonly b: tf.Variable<tf.Rank.R2>;
}

/** Values that a layer's backward requires, and the gradients that it returns. */
interface Pass {
  readonly x: tf.Tensor2D;
  /** W, or W + s A B. */
  readonly weight: tf.Tensor2D;
  /** x A, where there is a wrapper. */
  readonly h: tf.Tensor2D | undefined;
}

export class TfNet {
  readonly #layers: readonly TfLayer[];
  readonly #optimizer: tf.AdamOptimizer;
  readonly #foldedAdam = new FoldedAdam();
  readonly #trained: tf.Variable[];

  constructor(
    readonly kind: StepKind,
    layers: readonly Layer[],
    readonly byHand: boolean,
  ) {
    this.#layers = layers.map((layer) => makeLayer(layer, kind !== 'full'));
    this.#trained = this.#layers.flatMap(({ weight, bias, a, b }) =>
      kind === 'full' ? [weight, bias] : [a, b],
    );
    const { learningRate, beta1, beta2, eps } = ADAM;
    this.#optimizer = new tf.AdamOptimizer(learningRate, beta1, beta2, eps);
  }

  /** @returns logits, [batch, 10] */
  forward(x: tf.Tensor2D): tf.Tensor2D {
    let y = x;
    for (const layer of this.#layers) y = this.#layerForward(layer, y).y;
    return tf.relu(y);
  }

  /** @returns the loss before the step */
  step(batch: Batch): number {
    const loss = tf.tidy(() => {
      if (this.byHand) {
        const { value, grads } = this.#gradients(batch);
        this.#foldedAdam.apply(this.#trained, grads);
        return value;
      }
      const loss = () => tf.losses.softmaxCrossEntropy(batch.y, this.forward(batch.x)) as tf.Scalar;
      const { value, grads } = tf.variableGrads(loss, this.#trained);
      this.#optimizer.applyGradients(Object.entries(grads).map(([name, tensor]) => ({ name, tensor })));
      return value;
    });
    const [value] = loss.dataSync();
    loss.dispose();
    return value;
  }

  dispose(): void {
    this.#optimizer.dispose();
    this.#foldedAdam.dispose();
    for (const { weight, weightT, bias, a, b } of this.#layers)
      tf.dispose([weight, bias, a, b, weightT ?? []]);
  }

  #layerForward({ weight, bias, a, b }: TfLayer, x: tf.Tensor2D): Pass & { y: tf.Tensor2D } {
    if (this.kind === 'parametrization') {
      const adapted: tf.Tensor2D = tf.add(weight, tf.mul(tf.matMul(a, b), SCALING));
      return { x, weight: adapted, h: undefined, y: tf.add(tf.matMul(x, adapted), bias) };
    }
    const plain: tf.Tensor2D = tf.add(tf.matMul(x, weight), bias);
    if (this.kind === 'full') return { x, weight, h: undefined, y: plain };
    const h: tf.Tensor2D = tf.matMul(x, a);
    const y: tf.Tensor2D = tf.add(plain, tf.mul(tf.matMul(h, b), SCALING));
    return { x, weight, h, y };
  }

  #gradients({ x, y: targets }: Batch): { value: tf.Scalar; grads: tf.NamedTensorMap } {
    const passes: Pass[] = [];
    let y = x;
    for (const layer of this.#layers) {
      const pass = this.#layerForward(layer, y);
      passes.push(pass);
      y = pass.y;
    }
    const logProbabilities = tf.logSoftmax(tf.relu(y));
    const count = targets.shape[0];
    const value: tf.Scalar = tf.mul(tf.sum(tf.mul(targets, logProbabilities)), -1 / count);
    const difference = tf.mul(tf.sub(tf.exp(logProbabilities), targets), 1 / count);
    let dY: tf.Tensor2D = tf.mul(difference, tf.step(y));
    const grads: tf.NamedTensorMap = {};
    for (let i = this.#layers.length - 1; i >= 0; i--) {
      dY = this.#layerBackward(this.#layers[i], passes[i], dY, i > 0, grads) ?? dY;
    }
    return { value, grads };
  }

  /** Adds to `grads`. @returns the gradient of x, where there is a layer before */
  #layerBackward(
    { weight, weightT, bias, a, b }: TfLayer,
    pass: Pass,
    dY: tf.Tensor2D,
    wantsDX: boolean,
    grads: tf.NamedTensorMap,
  ): tf.Tensor2D | undefined {
    const { x, h } = pass;
    if (h) {
      const dH: tf.Tensor2D = tf.mul(tf.matMul(dY, tf.transpose(b)), SCALING);
      grads[b.name] = tf.mul(tf.matMul(tf.transpose(h), dY), SCALING);
      grads[a.name] = tf.matMul(tf.transpose(x), dH);
      if (!wantsDX || !weightT) return undefined;
      return tf.add(tf.matMul(dY, weightT), tf.matMul(dH, tf.transpose(a)));
    }
    const dWeight = tf.matMul(tf.transpose(x), dY);
    if (this.kind === 'full') {
      grads[weight.name] = dWeight;
      grads[bias.name] = tf.sum(dY, 0);
    } else {
      grads[a.name] = tf.mul(tf.matMul(dWeight, tf.transpose(b)), SCALING);
      grads[b.name] = tf.mul(tf.matMul(tf.transpose(a), dWeight), SCALING);
    }
    // (W dYᵀ)ᵀ: the thin matrices are transposed, not the weight.
    return wantsDX ? tf.transpose(tf.matMul(pass.weight, tf.transpose(dY))) : undefined;
  }
}

function makeLayer({ inFeatures, outFeatures, weight, bias, loraA, loraB }: Layer, frozen: boolean): TfLayer {
  const matrix = (values: Float32Array, rows: number, cols: number) =>
    tf.tidy(() => tf.variable(tf.tensor2d(transpose(values, rows, cols), [cols, rows])));
  return {
    weight: matrix(weight, outFeatures, inFeatures),
    weightT: frozen ? tf.tensor2d(weight, [outFeatures, inFeatures]) : undefined,
    bias: tf.tidy(() => tf.variable(tf.tensor1d(bias))),
    a: matrix(loraA, LORA.rank, inFeatures),
    b: matrix(loraB, outFeatures, LORA.rank),
  };
}
