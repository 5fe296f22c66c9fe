/** One step of training, computed call by call or, where the device can, recorded once and repeated. */
import { passBackward } from '../autograd/graph.js';
import { type GraphShape, graphShape } from '../autograd/graphShape.js';
import { StepScope } from '../autograd/record.js';
import type { Backend, Program } from '../backends/backend.js';
import { unlessStopped } from '../backends/stoppable.js';
import { pollOf } from '../base/polledSignal.js';
import type { Optimizer } from '../optim/optimizer.js';
import { type Tensor, zeros } from '../tensor.js';
import { eventLoopTurns } from './eventLoop.js';
import { LossWindow } from './lossWindow.js';
import { type Replay, Replays } from './replay.js';

/** A batch to gather, and the computation on it. */
export interface BatchWork {
  /** Equal for batches that make the same kernel calls. */
  readonly shape: string;
  /** Whether it is the last of its step; only used where `isSummed`. */
  readonly endsStep: boolean;
  /** Gathers the batch and computes its loss. Called once, whether or not its kernels are repeated. */
  readonly forward: () => Tensor;
}

export interface TrainingStepOptions {
  readonly device: Backend;
  readonly optimizer: Optimizer;
  readonly next: () => BatchWork;
  /** Called with the losses in their order; an error that it throws ends the step before the weights are changed. */
  readonly onLosses: (losses: readonly number[]) => void;
  /**
   * Called with the norm of the gradient before clipping in a step of several batches, and the step, starting from 1; an error
   * that it throws ends the step before the weights are changed.
   */
  readonly onNorm: (norm: number, step: number) => void;
  /** Called at the end. */
  readonly onDispose: () => void;
  /** Number of batches in a step, whose mean loss is differentiated. */
  readonly accumulate: number;
  /** Number of batches in the next step: the last may have fewer. */
  readonly group: () => number;
  /** Whether the batches define where a step ends, and their losses are added: each is a share of the step's mean. */
  readonly isSummed: boolean;
  /** Maximum norm of the gradient; undefined: not clipped. */
  readonly clipNorm?: number | undefined;
  /** Whether to record; false computes every step call by call. */
  readonly record: boolean;
  /** Signal that ends the run; a polled one is also checked between and within the batches of a step. */
  readonly signal?: AbortSignal | undefined;
}

/** Numbers in device memory, so that the calls that read them can be repeated. */
interface Sums {
  /** The gradient of a batch's loss: its share of the mean. */
  readonly share: Tensor;
  readonly meanLoss: Tensor;
}

export class TrainingStep {
  /** Number of steps that were repeated from recordings. */
  repeated = 0;
  readonly #options: TrainingStepOptions;
  readonly #window: LossWindow;
  readonly #scope = new StepScope();
  readonly #replays = new Replays();
  readonly #turn = eventLoopTurns();
  #sums: Sums | undefined;
  #steps = 0;

  constructor(options: TrainingStepOptions) {
    this.#options = options;
    this.#window = new LossWindow(options.device);
  }

  /**
   * Runs forward, backward and a step of the optimizer.
   * @param isLast  whether to read the losses that were not read yet
   * @returns false where a signal ended it before it changed anything
   */
  async run(isLast: boolean): Promise<boolean> {
    this.#window.begin();
    this.#steps += 1;
    if (this.#options.accumulate > 1 || this.#options.isSummed) return this.#accumulated(isLast);
    await this.#single(isLast);
    return true;
  }

  async #single(isLast: boolean): Promise<void> {
    const { shape, forward } = this.#options.next();
    const replay = this.#replays.for(shape);
    replay.begin();
    if (replay.program) await this.#follow(replay, replay.program, forward, isLast);
    else if (this.#mayRecord(replay)) await this.#record(replay, forward, isLast);
    else await this.#finish(this.#forward(forward), isLast);
  }

  /** Reports the losses that were not read yet. */
  async readLosses(): Promise<void> {
    this.#options.onLosses(await this.#window.read());
  }

  dispose(): void {
    this.#replays.dispose();
    this.#scope.end();
    this.#window.dispose();
    for (const each of Object.values(this.#sums ?? {})) each.dispose();
    this.#options.onDispose();
  }

  #mayRecord(replay: Replay): boolean {
    const { record, device } = this.#options;
    return record && device.recorder !== undefined && replay.shouldRecord;
  }

  #forward(forward: () => Tensor): Tensor {
    this.#options.optimizer.zeroGrad();
    return this.#scope.run(forward);
  }

  /** Runs a graph and a backward pass for each batch, so that the step takes the memory of one. */
  async #accumulated(isLast: boolean): Promise<boolean> {
    const { device, optimizer, next, group, isSummed, onNorm, signal } = this.#options;
    this.#sums ??= { share: zeros(device, []), meanLoss: zeros(device, []) };
    const { share, meanLoss } = this.#sums;
    const count = isSummed ? 1 : group();
    share.write([1 / count]);
    optimizer.zeroGrad();
    let [batches, repeated, isWhole] = [0, 0, false];
    while (!isWhole) {
      // A signal that is polled may come with a message as well.
      if (batches > 0 && pollOf(signal)) await this.#turn();
      const beta = batches === 0 ? 0 : 1;
      const backward = (loss: Tensor) => {
        loss.backward(share);
        device.run('axpby', { out: meanLoss.storage, x: loss.storage, alpha: 1 / count, beta });
      };
      const { shape, forward, endsStep } = next();
      batches += 1;
      isWhole = isSummed ? endsStep : batches === count;
      // The first batch of a group begins the sums, and a last, shorter group has other shares.
      const replay = this.#replays.for(shape, `${count} ${beta}`);
      const isMade = unlessStopped(device, signal, () => {
        if (this.#accumulate(replay, forward, backward)) repeated += 1;
      });
      if (!isMade) {
        this.#window.drop();
        return false;
      }
    }
    if (repeated === batches) this.repeated += 1;
    this.#window.append(meanLoss.storage);
    await this.#readIfDue(isLast);
    this.#clip();
    // Such a step takes long, and the device is waited for in any case.
    if (this.#options.clipNorm !== undefined) onNorm(await optimizer.readNorm(), this.#steps);
    optimizer.step();
    return true;
  }

  /** Adds the gradient of one batch. @returns whether its kernel calls were repeated */
  #accumulate(replay: Replay, forward: () => Tensor, backward: (loss: Tensor) => void): boolean {
    const { recorder } = this.#options.device;
    replay.begin();
    const { program } = replay;
    if (recorder && program) {
      let loss: Tensor | undefined;
      const isSame = recorder.follow(program, () => {
        loss = this.#scope.run(forward);
        return replay.isSame(graphShape(loss));
      });
      if (loss && isSame) {
        passBackward(loss);
        recorder.run(program);
        replay.hit();
        return true;
      }
      replay.miss();
      if (loss) backward(loss);
    } else if (recorder && this.#mayRecord(replay)) {
      const recording = recorder.begin();
      let loss: Tensor | undefined;
      let graph: GraphShape = [];
      recorder.record(recording, 'head', () => {
        loss = this.#scope.run(forward);
        graph = graphShape(loss);
      });
      recorder.record(recording, 'tail', () => {
        if (loss) backward(loss);
      });
      this.#keep(replay, recording, recording.isRepeatable, graph);
    } else backward(this.#scope.run(forward));
    return false;
  }

  #keep(replay: Replay, program: Program, isGood: boolean, graph: GraphShape): void {
    const isKept = isGood && this.#replays.mayKeep(program);
    replay.recorded(isKept ? program : undefined, graph);
    if (!isKept) program.dispose();
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

  async #record(replay: Replay, forward: () => Tensor, isLast: boolean): Promise<void> {
    const { device, optimizer } = this.#options;
    const { recorder } = device;
    if (!recorder) return;
    const program = recorder.begin();
    let graph: GraphShape = [];
    let isGood = false;
    try {
      let loss: Tensor | undefined;
      recorder.record(program, 'head', () => {
        loss = this.#forward(forward);
        graph = graphShape(loss);
      });
      recorder.record(program, 'tail', () => {
        loss?.backward();
        if (loss) this.#window.append(loss.storage);
      });
      await this.#readIfDue(isLast);
      // Hyperparameters that differ between parameters are written between the calls, which cannot be repeated.
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
      isGood = true;
    } finally {
      this.#keep(replay, program, isGood, graph);
    }
  }

  async #follow(replay: Replay, program: Program, forward: () => Tensor, isLast: boolean): Promise<void> {
    const { device, optimizer } = this.#options;
    const { recorder } = device;
    let loss: Tensor | undefined;
    const isSame = recorder?.follow(program, () => {
      loss = this.#forward(forward);
      return optimizer.isInStep && replay.isSame(graphShape(loss));
    });
    if (!loss) return;
    if (!isSame) {
      replay.miss();
      await this.#finish(loss, isLast);
      return;
    }
    passBackward(loss);
    if (!optimizer.prepareStep()) throw new Error('fit: the optimizer was changed during a step');
    recorder?.run(program);
    await this.#readIfDue(isLast);
    optimizer.finishStep();
    this.repeated += 1;
    replay.hit();
  }
}
