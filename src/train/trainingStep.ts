/** One step of training, computed call by call or, where the device can, recorded once and repeated. */

import { passBackward } from '../autograd/graph.js';
import { type GraphShape, graphShape, isSameGraph } from '../autograd/graphShape.js';
import { StepScope } from '../autograd/record.js';
import type { Backend, Program } from '../backends/backend.js';
import type { Optimizer } from '../optim/optimizer.js';
import { type Tensor, tensor, zeros } from '../tensor.js';
import { LossWindow } from './lossWindow.js';

/** A program that so many steps in a row did not follow is given up, and another recorded. */
const MISSES = 2;
/** Steps that a program has to serve to have been worth it; until one is, the pauses between recordings double. */
const WORTHWHILE = 16;
const LONGEST_PAUSE = 1024;

export interface TrainingStepOptions {
  readonly device: Backend;
  readonly optimizer: Optimizer;
  /** Gathers a batch and computes its loss. Called once for each batch, whether or not its kernels are repeated. */
  readonly forward: () => Tensor;
  /** Is told the losses in their order; what it throws ends the step before the weights are changed. */
  readonly onLosses: (losses: readonly number[]) => void;
  /** Called at the end. */
  readonly onDispose: () => void;
  /** Batches of a step, whose mean loss is differentiated; with more than 1 nothing is recorded. */
  readonly accumulate: number;
  /** How many the next step has: the last may have fewer. */
  readonly group: () => number;
  /** Shortens the gradient to at most this length; undefined leaves it. */
  readonly clipNorm?: number | undefined;
  /** Whether to record; false computes every step call by call. */
  readonly record: boolean;
}

export class TrainingStep {
  /** Steps that were repeated from a recording. */
  repeated = 0;
  readonly #options: TrainingStepOptions;
  readonly #window: LossWindow;
  readonly #scope = new StepScope();
  #program: Program | undefined;
  /** The graph of the recorded step. */
  #shape: GraphShape = [];
  #steps = 0;
  #misses = 0;
  #served = 0;
  /** The next step that may be recorded; the first step allocates what all others find. */
  #nextRecording = 2;
  #pause = 1;

  constructor(options: TrainingStepOptions) {
    this.#options = options;
    this.#window = new LossWindow(options.device);
  }

  /** Forward, backward and a step of the optimizer. @param isLast  reads the losses that were not read yet */
  async run(isLast: boolean): Promise<void> {
    this.#window.begin();
    this.#steps += 1;
    if (this.#options.accumulate > 1) await this.#accumulated(isLast);
    else if (this.#program) await this.#follow(this.#program, isLast);
    else if (this.#isWorthRecording()) await this.#record(isLast);
    else await this.#finish(this.#forward(), isLast);
  }

  /** Tells the losses that were not read yet. */
  async readLosses(): Promise<void> {
    this.#options.onLosses(await this.#window.read());
  }

  dispose(): void {
    this.#program?.dispose();
    this.#program = undefined;
    this.#scope.end();
    this.#window.dispose();
    this.#options.onDispose();
  }

  #isWorthRecording(): boolean {
    const { record, device } = this.#options;
    return record && device.recorder !== undefined && this.#steps >= this.#nextRecording;
  }

  #forward(): Tensor {
    const { optimizer, forward } = this.#options;
    optimizer.zeroGrad();
    return this.#scope.run(forward);
  }

  /** A graph and a backward pass for each batch, so that it takes the memory of one. */
  async #accumulated(isLast: boolean): Promise<void> {
    const { device, optimizer, forward, group } = this.#options;
    const count = group();
    const share = tensor(device, [1 / count], []);
    const mean = zeros(device, []);
    optimizer.zeroGrad();
    for (let i = 0; i < count; i++) {
      const loss = this.#scope.run(forward);
      loss.backward(share);
      device.run('axpby', { out: mean.storage, x: loss.storage, alpha: 1 / count, beta: 1 });
    }
    this.#window.append(mean.storage);
    share.dispose();
    mean.dispose();
    await this.#readIfDue(isLast);
    this.#clip();
    optimizer.step();
  }

  async #finish(loss: Tensor, isLast: boolean): Promise<void> {
    loss.backward();
    this.#window.append(loss.storage);
    await this.#readIfDue(isLast);
    this.#clip();
    this.#options.optimizer.step();
  }

  #clip(): void {
    const { optimizer, clipNorm } = this.#options;
    if (clipNorm !== undefined) optimizer.clipNorm(clipNorm);
  }

  async #readIfDue(isLast: boolean): Promise<void> {
    if (this.#window.isFull || isLast) await this.readLosses();
  }

  async #record(isLast: boolean): Promise<void> {
    const { device, optimizer } = this.#options;
    const { recorder } = device;
    if (!recorder) return;
    const program = recorder.begin();
    try {
      let loss: Tensor | undefined;
      recorder.record(program, 'head', () => {
        loss = this.#forward();
        this.#shape = graphShape(loss);
      });
      recorder.record(program, 'tail', () => {
        loss?.backward();
        if (loss) this.#window.append(loss.storage);
      });
      await this.#readIfDue(isLast);
      // Numbers that differ between parameters are written between the calls: that is not repeated.
      if (!program.isRepeatable || !optimizer.prepareStep()) {
        this.#clip();
        optimizer.step();
        return;
      }
      recorder.record(program, 'tail', () => {
        this.#clip();
        optimizer.applyStep();
      });
      optimizer.finishStep();
      this.#program = program;
    } finally {
      this.#nextRecording = this.#steps + this.#pause;
      this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
      this.#misses = 0;
      this.#served = 0;
      if (this.#program !== program) program.dispose();
    }
  }

  async #follow(program: Program, isLast: boolean): Promise<void> {
    const { device, optimizer } = this.#options;
    const { recorder } = device;
    let loss: Tensor | undefined;
    const isSame = recorder?.follow(program, () => {
      loss = this.#forward();
      return optimizer.isInStep && isSameGraph(this.#shape, graphShape(loss));
    });
    if (!loss) return;
    if (!isSame) {
      this.#miss();
      await this.#finish(loss, isLast);
      return;
    }
    passBackward(loss);
    if (!optimizer.prepareStep()) throw new Error('fit: the optimizer was changed during a step');
    recorder?.run(program);
    await this.#readIfDue(isLast);
    optimizer.finishStep();
    this.#hit();
  }

  #hit(): void {
    this.repeated += 1;
    this.#misses = 0;
    this.#served += 1;
    if (this.#served === WORTHWHILE) this.#pause = 1;
  }

  #miss(): void {
    this.#misses += 1;
    if (this.#misses < MISSES) return;
    this.#program?.dispose();
    this.#program = undefined;
  }
}
