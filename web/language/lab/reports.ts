/** Progress reports of a lesson, frequent enough to look smooth. */
import type { ProbeStop, TeachReport } from '../api.js';
import type { Told } from './keeping.js';

const EVERY_MS = 100;

type Point = readonly [step: number, loss: number];

export class Reports {
  readonly losses: Point[] = [];
  readonly heldOut: Point[] = [];
  readonly probes: ProbeStop[] = [];
  warning: TeachReport['warning'];
  notice: string | undefined;
  step = 0;
  readonly #steps: number;
  readonly #told: (report: TeachReport) => void;
  /** First step of this run: a continued lesson took earlier steps in another run. */
  readonly #from: number;
  readonly #begun = performance.now();
  #stepsBegun = this.#begun;
  #pausedMs = 0;
  #tokens = 0;
  #sent = { losses: 0, heldOut: 0, probes: 0 };
  #lastSent = 0;

  constructor(steps: number, told: (report: TeachReport) => void, before?: Told & { readonly step: number }) {
    this.#steps = steps;
    this.#told = told;
    this.losses.push(...(before?.losses ?? []));
    this.heldOut.push(...(before?.heldOut ?? []));
    this.probes.push(...(before?.probes ?? []));
    this.step = before?.step ?? 0;
    this.#from = this.step;
  }

  /** Duration of this run, without pauses. */
  get seconds(): number {
    return (performance.now() - this.#begun - this.#pausedMs) / 1000;
  }

  /** Marks the start of the first step, since the time before it says nothing about the remaining steps. */
  beginSteps(): void {
    this.#stepsBegun = performance.now() - this.#pausedMs;
  }

  /** @param tokens  tokens of the rows of the step */
  addStep(step: number, loss: number, tokens: number): void {
    this.step = step;
    this.losses.push([step, loss]);
    this.#tokens += tokens;
  }

  addPause(ms: number): void {
    this.#pausedMs += ms;
  }

  /** Sends everything that was not sent yet. */
  send(isMeasuring = false): void {
    const { losses, heldOut, probes, step } = this;
    const seconds = (performance.now() - this.#stepsBegun - this.#pausedMs) / 1000;
    const done = step - this.#from;
    const sent = this.#sent;
    this.#told({
      step,
      steps: this.#steps,
      secondsLeft: done === 0 ? undefined : ((this.#steps - step) * seconds) / done,
      tokensPerSecond: done === 0 ? 0 : this.#tokens / seconds,
      losses: losses.slice(sent.losses),
      heldOut: heldOut.slice(sent.heldOut),
      probes: probes.slice(sent.probes),
      warning: this.warning,
      notice: this.notice,
      isMeasuring,
    });
    this.#sent = { losses: losses.length, heldOut: heldOut.length, probes: probes.length };
    this.#lastSent = performance.now();
  }

  sendIfDue(): void {
    if (performance.now() - this.#lastSent >= EVERY_MS) this.send();
  }
}
