/** Progress of the work: a bar on a terminal, a plain line now and then elsewhere, or nothing. */
import cliProgress from 'cli-progress';
import { duration, integer, rate } from './format.js';

/** Unit of each countable thing, and of its rate. */
const PER_SECOND = {
  iterations: 'it/s',
  images: 'images/s',
  examples: 'examples/s',
  steps: 'steps/s',
  MB: 'MB/s',
} as const;

export interface Phase {
  readonly name: string;
  readonly total: number;
  readonly unit: keyof typeof PER_SECOND;
  /** Whether the bar is cleared when done and leaves no line; always the case for tests. Default false. */
  readonly transient?: boolean;
  /** Amount already done at the start, which does not count for the speed. Default 0. */
  readonly from?: number;
  /** Shown instead of the speed. */
  readonly facts?: () => readonly string[];
  /** Milliseconds between two lines where there is no bar, and before the first; a phase that has it ends without one. Default 2000. */
  readonly lineEvery?: number;
}

export interface Progress {
  begin(phase: Phase): void;
  /** Costs next to nothing: most calls only look at the clock. */
  update(done: number, meanLoss?: number): void;
  /** Ends the phase, wherever it is; without a phase it does nothing. */
  end(): void;
}

export const SILENT: Progress = { begin() {}, update() {}, end() {} };

/** Redrawing more often than this is not seen, and costs time. */
const BAR_INTERVAL_MS = 100;
const FIRST_LINE_MS = 1000;
const LINE_INTERVAL_MS = 2000;
const MAX_BAR_WIDTH = 30;
/** Room for the ^C that the terminal echoes: wrapped, it would move the bar to another line. */
const FREE_COLUMNS = 3;

/** A bar when `stream` is a terminal, lines when it is not. */
export function createProgress(stream: NodeJS.WriteStream): Progress {
  // A dumb terminal knows no cursor codes.
  const hasCursor = stream.isTTY && process.env.TERM !== 'dumb';
  return hasCursor ? new BarProgress(stream) : new LineProgress((line) => stream.write(`${line}\n`));
}

/** The state of the current phase, shared by both kinds. */
class Meter {
  readonly #begun = performance.now();
  done: number;
  meanLoss: number | undefined;
  /** Set when the phase is over, at its end or before. */
  ended = false;

  constructor(readonly phase: Phase) {
    this.done = phase.from ?? 0;
  }

  get seconds(): number {
    return (performance.now() - this.#begun) / 1000;
  }

  /** Loss, speed and time, as far as they are known. */
  facts(lossWord = 'mean loss'): string[] {
    const { done, meanLoss, seconds } = this;
    const { total, unit, from = 0 } = this.phase;
    const facts: string[] = [];
    if (done <= from) return facts;
    const perSecond = (done - from) / seconds;
    facts.push(...(this.phase.facts?.() ?? [`${rate(perSecond)} ${PER_SECOND[unit]}`]));
    if (meanLoss !== undefined) facts.push(`${lossWord} ${meanLoss.toFixed(4)}`);
    const over = this.ended || done >= total;
    facts.push(over ? duration(seconds) : `${duration((total - done) / perSecond)} left`);
    return facts;
  }
}

function isTransient({ unit, transient = false }: Phase): boolean {
  return transient || unit === 'images';
}

class BarProgress implements Progress {
  readonly #stream: NodeJS.WriteStream;
  #bar: cliProgress.SingleBar | undefined;
  #meter: Meter | undefined;
  #nextAt = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  begin(phase: Phase): void {
    this.end();
    const meter = new Meter(phase);
    this.#meter = meter;
    this.#nextAt = 0;
    this.#bar = new cliProgress.SingleBar({
      stream: this.#stream,
      format: (_options, { maxWidth }) => barLine(meter, maxWidth),
      hideCursor: true,
      // The line fits; so the terminal's wrapping need not be switched off, nor on again.
      linewrap: true,
      // The bars of training runs stay on the screen, those of tests are cleared.
      clearOnComplete: isTransient(phase),
      // The command has its own signal handlers.
      gracefulExit: false,
      // Redraws come from update; while nothing moves there is nothing to draw.
      fps: 1000 / BAR_INTERVAL_MS,
    });
    this.#bar.start(phase.total, meter.done);
  }

  update(done: number, meanLoss?: number): void {
    if (!this.#meter) return;
    this.#meter.done = done;
    this.#meter.meanLoss = meanLoss;
    const now = performance.now();
    if (now < this.#nextAt) return;
    this.#nextAt = now + BAR_INTERVAL_MS;
    this.#bar?.update(done);
  }

  end(): void {
    if (this.#meter) this.#meter.ended = true;
    this.#bar?.stop();
    this.#bar = undefined;
    this.#meter = undefined;
  }
}

/** `base            ██████░░░░ 1,234/6,000  1,512 it/s  mean loss 0.4761  3 s left`, within `columns`. */
function barLine(meter: Meter, columns: number): string {
  const { name, total } = meter.phase;
  const whole = integer(total);
  const facts = meter.facts(columns < 100 ? 'loss' : 'mean loss');
  const numbers = [`${integer(meter.done).padStart(whole.length)}/${whole}`, ...facts].join('  ');
  const label = name.padEnd(15);
  const free = columns - FREE_COLUMNS;
  const width = Math.min(MAX_BAR_WIDTH, free - label.length - numbers.length - 2);
  if (width < 5) return `${name} ${numbers}`.slice(0, free);
  const filled = Math.round((width * meter.done) / total);
  return `${label} ${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${numbers}`;
}

class LineProgress implements Progress {
  readonly #write: (line: string) => void;
  #meter: Meter | undefined;
  #nextAt = 0;
  #shown = false;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  begin(phase: Phase): void {
    this.end();
    this.#meter = new Meter(phase);
    this.#nextAt = performance.now() + (phase.lineEvery ?? FIRST_LINE_MS);
    this.#shown = false;
  }

  update(done: number, meanLoss?: number): void {
    if (!this.#meter) return;
    this.#meter.done = done;
    this.#meter.meanLoss = meanLoss;
    const now = performance.now();
    // The last one is the line that `end` writes.
    if (now < this.#nextAt || done >= this.#meter.phase.total) return;
    this.#nextAt = now + (this.#meter.phase.lineEvery ?? LINE_INTERVAL_MS);
    this.#shown = true;
    this.#write(line(this.#meter));
  }

  end(): void {
    const meter = this.#meter;
    this.#meter = undefined;
    if (!meter) return;
    meter.ended = true;
    // A test that was over at once is not worth a line.
    const isTold = this.#shown && meter.phase.lineEvery === undefined;
    if (isTold || !isTransient(meter.phase)) this.#write(line(meter));
  }
}

/** `base: 1,234/6,000 iterations, 1,512 it/s, mean loss 0.4761, 3 s left` */
function line(meter: Meter): string {
  const { name, total, unit } = meter.phase;
  return [`${name}: ${integer(meter.done)}/${integer(total)} ${unit}`, ...meter.facts()].join(', ');
}
