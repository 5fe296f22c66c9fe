/** DigitsNet in plain JavaScript, with gradients written by hand. Buffers are made once. */
import type { StepKind } from './peer.js';
import { matmul, rows, transposed } from './plainMatmul.js';
import { ADAM, type Images, type Layer, LORA, SCALING } from './work.js';

const { rank } = LORA;

/** A value that trains, with its gradient and Adam's moments. */
class Trained {
  readonly gradient: Float32Array;
  readonly #m: Float32Array;
  readonly #v: Float32Array;

  constructor(readonly value: Float32Array) {
    this.gradient = new Float32Array(value.length);
    this.#m = new Float32Array(value.length);
    this.#v = new Float32Array(value.length);
  }

  adam(step: number): void {
    const { value, gradient } = this;
    const [m, v] = [this.#m, this.#v];
    const { learningRate, beta1, beta2, eps } = ADAM;
    const stepSize = learningRate / (1 - beta1 ** step);
    const correction = 1 / Math.sqrt(1 - beta2 ** step);
    for (let i = 0; i < value.length; i++) {
      const g = gradient[i];
      const mi = beta1 * m[i] + (1 - beta1) * g;
      const vi = beta2 * v[i] + (1 - beta2) * g * g;
      m[i] = mi;
      v[i] = vi;
      value[i] -= (stepSize * mi) / (Math.sqrt(vi) * correction + eps);
    }
  }
}

class LinearLayer {
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** Buffers for the largest batch so far: the outputs, and their gradients. */
  out = new Float32Array(0);
  dOut = new Float32Array(0);
  readonly weight: Trained;
  readonly #bias: Trained;
  readonly #loraA: Trained;
  readonly #loraB: Trained;
  /** W + s B A */
  readonly #adapted: Trained;
  /** x Aᵀ and its gradient, [batch, rank] */
  #h = new Float32Array(0);
  #dH = new Float32Array(0);

  constructor(
    readonly kind: StepKind,
    { inFeatures, outFeatures, weight, bias, loraA, loraB }: Layer,
  ) {
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    [this.weight, this.#bias] = [new Trained(weight.slice()), new Trained(bias.slice())];
    [this.#loraA, this.#loraB] = [new Trained(loraA.slice()), new Trained(loraB.slice())];
    this.#adapted = new Trained(weight.slice());
  }

  get trained(): Trained[] {
    return this.kind === 'full' ? [this.weight, this.#bias] : [this.#loraA, this.#loraB];
  }

  /** x [batch, inFeatures]; `out` has [batch, outFeatures] afterwards. */
  forward(x: Float32Array, batch: number): void {
    const { inFeatures, outFeatures } = this;
    if (this.out.length < batch * outFeatures) this.#grow(batch);
    const { out } = this;
    const [a, b] = [this.#loraA.value, this.#loraB.value];
    const bias = this.#bias.value;
    for (let i = 0; i < batch; i++) out.set(bias, i * outFeatures);
    let weight = this.weight.value;
    if (this.kind === 'parametrization') {
      const adapted = this.#adapted.value;
      adapted.set(weight);
      const dims = [outFeatures, rank, inFeatures] as const;
      matmul(adapted, dims, rows(b, rank), rows(a, inFeatures), { scale: SCALING, beta: 1 });
      weight = adapted;
    }
    const dims = [batch, inFeatures, outFeatures] as const;
    matmul(out, dims, rows(x, inFeatures), transposed(weight, inFeatures), { beta: 1 });
    if (this.kind !== 'wrapper') return;
    matmul(this.#h, [batch, inFeatures, rank], rows(x, inFeatures), transposed(a, inFeatures));
    const up = [batch, rank, outFeatures] as const;
    matmul(out, up, rows(this.#h, rank), transposed(b, rank), { scale: SCALING, beta: 1 });
  }

  /** Computes the gradients of trained values from `dOut` and, where there is a layer before, that of x. */
  backward(x: Float32Array, dX: Float32Array | undefined, batch: number): void {
    if (this.kind === 'full') this.#backwardFull(x, dX, batch);
    else if (this.kind === 'wrapper') this.#backwardWrapper(x, dX, batch);
    else this.#backwardParametrization(x, dX, batch);
  }

  #backwardFull(x: Float32Array, dX: Float32Array | undefined, batch: number): void {
    const { outFeatures, dOut } = this;
    const { gradient } = this.#bias;
    gradient.fill(0);
    for (let i = 0; i < batch; i++) {
      for (let j = 0; j < outFeatures; j++) gradient[j] += dOut[i * outFeatures + j];
    }
    this.#toWeight(this.weight, x, batch);
    this.#toInput(this.weight, dX, batch);
  }

  #backwardWrapper(x: Float32Array, dX: Float32Array | undefined, batch: number): void {
    const { inFeatures, outFeatures, dOut } = this;
    const [a, b] = [this.#loraA, this.#loraB];
    const scale = SCALING;
    const [h, dH] = [this.#h, this.#dH];
    matmul(b.gradient, [outFeatures, batch, rank], transposed(dOut, outFeatures), rows(h, rank), { scale });
    matmul(dH, [batch, outFeatures, rank], rows(dOut, outFeatures), rows(b.value, rank), { scale });
    matmul(a.gradient, [rank, batch, inFeatures], transposed(dH, rank), rows(x, inFeatures));
    this.#toInput(this.weight, dX, batch);
    if (dX) matmul(dX, [batch, rank, inFeatures], rows(dH, rank), rows(a.value, inFeatures), { beta: 1 });
  }

  #backwardParametrization(x: Float32Array, dX: Float32Array | undefined, batch: number): void {
    const { inFeatures, outFeatures } = this;
    const [a, b] = [this.#loraA, this.#loraB];
    const scale = SCALING;
    this.#toWeight(this.#adapted, x, batch);
    const dWeight = rows(this.#adapted.gradient, inFeatures);
    matmul(b.gradient, [outFeatures, inFeatures, rank], dWeight, transposed(a.value, inFeatures), { scale });
    matmul(a.gradient, [rank, outFeatures, inFeatures], transposed(b.value, rank), dWeight, { scale });
    this.#toInput(this.#adapted, dX, batch);
  }

  #toWeight({ gradient }: Trained, x: Float32Array, batch: number): void {
    const { inFeatures, outFeatures, dOut } = this;
    const dims = [outFeatures, batch, inFeatures] as const;
    matmul(gradient, dims, transposed(dOut, outFeatures), rows(x, inFeatures));
  }

  #toInput({ value }: Trained, dX: Float32Array | undefined, batch: number): void {
    const { inFeatures, outFeatures, dOut } = this;
    const dims = [batch, outFeatures, inFeatures] as const;
    if (dX) matmul(dX, dims, rows(dOut, outFeatures), rows(value, inFeatures));
  }

  #grow(batch: number): void {
    this.out = new Float32Array(batch * this.outFeatures);
    this.dOut = new Float32Array(batch * this.outFeatures);
    this.#h = new Float32Array(batch * rank);
    this.#dH = new Float32Array(batch * rank);
  }
}

export class PlainNet {
  readonly #layers: readonly LinearLayer[];
  #steps = 0;

  constructor(kind: StepKind, layers: readonly Layer[]) {
    this.#layers = layers.map((layer) => new LinearLayer(kind, layer));
  }

  /** @returns logits, [batch, 10], valid until the next call */
  forward({ x, count }: Images): Float32Array {
    let input = x;
    for (const layer of this.#layers) {
      layer.forward(input, count);
      input = layer.out;
    }
    for (let i = 0; i < input.length; i++) input[i] = Math.max(0, input[i]);
    return input;
  }

  /** @returns the loss before the step */
  step(batch: Images): number {
    const layers = this.#layers;
    const logits = this.forward(batch);
    const loss = crossEntropy(layers[layers.length - 1].dOut, logits, batch);
    for (let i = layers.length - 1; i >= 0; i--) {
      const before = layers[i - 1];
      layers[i].backward(before?.out ?? batch.x, before?.dOut, batch.count);
    }
    this.#steps += 1;
    for (const layer of layers) for (const trained of layer.trained) trained.adam(this.#steps);
    return loss;
  }
}

/** Mean cross-entropy; its gradient goes to dLogits, and is 0 where the ReLU held the logit at 0. */
function crossEntropy(dLogits: Float32Array, logits: Float32Array, { y, count }: Images): number {
  const classes = dLogits.length / count;
  let loss = 0;
  for (let i = 0; i < count; i++) {
    let max = 0;
    for (let j = 0; j < classes; j++) max = Math.max(max, logits[i * classes + j]);
    let sum = 0;
    for (let j = 0; j < classes; j++) sum += Math.exp(logits[i * classes + j] - max);
    for (let j = 0; j < classes; j++) {
      const o = i * classes + j;
      const z = logits[o];
      const probability = Math.exp(z - max) / sum;
      dLogits[o] = z > 0 ? (probability - (j === y[i] ? 1 : 0)) / count : 0;
    }
    loss += Math.log(sum) + max - logits[i * classes + y[i]];
  }
  return loss / count;
}
