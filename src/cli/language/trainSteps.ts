/** The steps of a training run and their reports. */
import { printableLine } from '../../base/printable.js';
import { type DataError, learningRateFactor, NonFiniteError } from '../../core.js';
import { fit } from '../../index.js';
import type { LanguageEvaluation } from '../../models/evaluateLanguageModel.js';
import type { LlamaForCausalLM } from '../../models/llama.js';
import { tokenLoss } from '../../models/tokenLoss.js';
import { type PackedBatch, PackedRows } from '../../text.js';
import { count, duration, integer, rate } from '../format.js';
import { LastGood } from './lastGood.js';
import type { RunReporting } from './reporting.js';
import type { RunFolder } from './runFolder.js';
import type { RunMetrics } from './runMetrics.js';
import type { SamplePrompt } from './sampleAnswers.js';
import { type Failure, failureOf } from './trainFailure.js';
import { answer, evaluated, LINE_EVERY_MS } from './trainMeasure.js';
import type { TrainCommand } from './trainOptions.js';
import type { TrainSetup, UsedExamples } from './trainSetup.js';

export interface Run {
  readonly setup: TrainSetup;
  readonly options: TrainCommand;
  /** Whether there is a checkpoint to continue from. */
  readonly continues: boolean;
  readonly folder: RunFolder;
  readonly metrics: RunMetrics;
  readonly baseModel: string;
  readonly reporting: RunReporting;
}

/** A clip length that no gradient reaches. */
const NO_CLIP = 3e38;
/** Characters of a prompt or an answer in a notice. */
const MAX_SHOWN = 100;

/** The steps of a run, as `fit` makes them, with validations, samples and checkpoints. */
export class TrainSteps {
  readonly #run: Run;
  readonly #prompts: readonly SamplePrompt[];
  readonly #before: LanguageEvaluation | undefined;
  readonly #good: LastGood;
  /** The numbers of the examples in the current step. */
  #examples: number[] = [];
  /** The numbers of the examples in the last finished step. */
  #lastExamples: readonly number[] = [];
  #now = { trainedTokens: 0, tokens: 0 };
  #all = { trainedTokens: 0, tokens: 0, stepSeconds: 0 };
  readonly #begun = performance.now();
  #stepBegun = 0;
  #firstStep: number | undefined;
  #hasFailed = false;
  #lastStep = 0;
  #lastLoss = Number.NaN;
  #best = Number.POSITIVE_INFINITY;

  constructor(run: Run, prompts: readonly SamplePrompt[], before: LanguageEvaluation | undefined) {
    this.#run = run;
    this.#prompts = prompts;
    this.#before = before;
    const { setup, baseModel } = run;
    const { saveEvery: every } = setup.course;
    const { stepsPerRead } = setup.device;
    this.#good = new LastGood(setup.model, { baseModel, every, stepsPerRead });
  }

  get counts() {
    return this.#all;
  }

  async run() {
    const { setup, options, folder, reporting } = this.#run;
    const { model, rows, course, valid, optimizer, plan, device } = setup;
    model.model.gradientCheckpointing = plan.gradientCheckpointing;
    const { epochs, steps, schedule, saveEvery, validateEvery } = course;
    const { patience, seed, shuffle, clip } = options;
    const { continues: resume } = this.#run;
    if (!resume) await this.#samples(0);
    const validation = valid && {
      data: new PackedRows(
        device,
        valid.examples.map(({ tokens }) => tokens),
        { window: model.config.slidingWindow },
      ),
      ...{ every: validateEvery, keepBest: true, ...(patience === undefined ? {} : { patience }) },
      measure: () => this.#validate(),
    };
    this.#begin(0);
    try {
      const result = await fit<LlamaForCausalLM, PackedBatch>(model, rows, {
        optimizer: optimizer(model.parameters().filter(({ requiresGrad }) => requiresGrad)),
        ...{ epochs, limit: steps, shuffle, seed, schedule },
        clipNorm: clip === 0 ? NO_CLIP : clip,
        loss: (_, batch) => this.#loss(batch),
        ...(validation ? { validation } : {}),
        checkpoint: { dir: folder.checkpoint, every: saveEvery, resume },
        onStep: ({ iteration, loss }) => this.#step(iteration, loss),
        signal: reporting.signal,
      });
      if (this.#firstStep === undefined) this.#continue(result.iterations + 1);
      // No validation has seen the weights of the last step.
      if (!valid && !result.stopped && this.#lastExamples.length > 0)
        await this.#measured('measure the last step', setup.train, this.#lastExamples);
      return result;
    } catch (error) {
      const reason = error instanceof NonFiniteError ? await this.#notFinite(error) : error;
      // Continuing from it would fail again in the same way.
      if (this.#hasFailed) await folder.removeCheckpoint();
      throw reason;
    } finally {
      reporting.progress.end();
    }
  }

  #loss(batch: PackedBatch) {
    this.#examples.push(...batch.examples);
    this.#now.trainedTokens += batch.rows;
    this.#now.tokens += batch.ids.length;
    return tokenLoss(this.#run.setup.model, batch);
  }

  #step(step: number, loss: number): void {
    const { metrics, setup, options, reporting } = this.#run;
    if (this.#firstStep === undefined) this.#continue(step);
    const now = performance.now();
    const seconds = (now - this.#stepBegun) / 1000;
    this.#stepBegun = now;
    const { steps, schedule } = setup.course;
    const learningRate = options.learningRate * learningRateFactor(schedule, step - 1, steps);
    metrics.addStep({ step, loss, learningRate, ...this.#now, seconds });
    this.#all.trainedTokens += this.#now.trainedTokens;
    this.#all.tokens += this.#now.tokens;
    this.#all.stepSeconds += seconds;
    this.#now = { trainedTokens: 0, tokens: 0 };
    this.#lastExamples = [...new Set(this.#examples)];
    this.#examples = [];
    this.#good.after(step);
    [this.#lastStep, this.#lastLoss] = [step, loss];
    reporting.progress.update(step);
  }

  /** Continues after the steps of a stopped run. */
  #continue(firstStep: number): void {
    const { metrics, reporting } = this.#run;
    this.#firstStep = firstStep;
    const missing = metrics.beginAt(firstStep);
    if (missing > 0) reporting.notice(`note: metrics.jsonl lacks ${count(missing, 'earlier step')}`);
    for (const { loss } of metrics.validations) this.#best = Math.min(this.#best, loss);
  }

  /** Facts about the run so far for the progress. */
  #facts(): string[] {
    const { trainedTokens, tokens, stepSeconds } = this.#all;
    if (stepSeconds === 0) return [];
    const megabytes = this.#run.setup.device.memory().peakBytes / 1e6;
    return [
      `loss ${this.#lastLoss.toFixed(3)}`,
      `${rate(trainedTokens / stepSeconds)} trained tok/s`,
      `${rate(tokens / stepSeconds)} tok/s`,
      `${integer(megabytes)} MB`,
    ];
  }

  #begin(done: number): void {
    const { setup, reporting } = this.#run;
    const { steps } = setup.course;
    this.#stepBegun = performance.now();
    const facts = () => this.#facts();
    reporting.progress.begin({
      name: 'train',
      total: steps,
      unit: 'steps',
      transient: true,
      from: done,
      facts,
      lineEvery: LINE_EVERY_MS,
    });
  }

  async #validate() {
    const { setup, metrics, folder, baseModel, reporting } = this.#run;
    const step = this.#lastStep;
    const { valid } = setup;
    const evaluation = await this.#measured('validate', valid as UsedExamples, [
      ...(valid?.examples.keys() ?? []),
    ]);
    metrics.addValidation(step, evaluation);
    const isBest = evaluation.loss < this.#best;
    if (isBest) {
      this.#best = evaluation.loss;
      await folder.saveAdapter(setup.model, baseModel);
    }
    const { loss, perplexity, accuracy } = evaluation;
    const facts = [
      `step ${integer(step)} of ${integer(setup.course.steps)}: loss ${this.#lastLoss.toFixed(4)}`,
      `validation ${loss.toFixed(4)} (before ${this.#before?.loss.toFixed(4)})`,
      `perplexity ${perplexity.toFixed(2)}, accuracy ${(100 * accuracy).toFixed(1)} %`,
      this.#left(step),
    ];
    reporting.notice(facts.filter((fact) => fact !== '').join('; '));
    await this.#samples(step);
    this.#begin(step);
    return { loss, accuracy };
  }

  /** The estimated time left, from the time so far, including validations and samples. */
  #left(step: number): string {
    const done = step - (this.#firstStep ?? step) + 1;
    const left = this.#run.setup.course.steps - step;
    const seconds = (performance.now() - this.#begun) / 1000;
    return left === 0 ? '' : `about ${duration((left * seconds) / done)} left`;
  }

  async #samples(step: number): Promise<void> {
    const { metrics, reporting } = this.#run;
    for (const [i, prompt] of this.#prompts.entries()) {
      const text = await answer(this.#run, prompt);
      // A stopped run keeps the progress where it was.
      if (reporting.signal.aborted) return;
      metrics.addSample({ step, prompt: prompt.text, answer: text });
      const [asked, said] = [prompt.text, text].map((each) => printableLine(each, MAX_SHOWN));
      if (i === 0) reporting.notice(`  "${asked}" → "${said}"`);
    }
  }

  #notFinite({ iteration = this.#lastStep, message }: NonFiniteError): Promise<DataError> {
    const number = message.replace(/^\w+: /, '').replace(/ at iteration.*$/, '');
    const numbers = [...new Set(this.#examples)];
    const failure = { what: `${number} at step ${iteration}`, used: this.#run.setup.train, numbers };
    return this.#failure(failure);
  }

  /** Measures examples, by number. @throws DataError where that gives a number that is not finite */
  async #measured(name: string, used: UsedExamples, numbers: readonly number[]): Promise<LanguageEvaluation> {
    const examples = numbers.map((number) => used.examples[number]);
    try {
      return await evaluated(this.#run, name, examples);
    } catch (error) {
      if (!(error instanceof NonFiniteError)) throw error;
      const what = `the loss is not finite after step ${this.#lastStep}`;
      throw await this.#failure({ what, used, numbers });
    }
  }

  #failure(failure: Failure): Promise<DataError> {
    this.#hasFailed = true;
    return failureOf(this.#run, this.#good, failure);
  }
}
