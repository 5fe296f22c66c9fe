/** The course of a training run, with a line of JSON for each step, validation and sample. */
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { DataError } from '../../core.js';
import type { LanguageScores } from '../../models/evaluateLanguageModel.js';
import { exists, reasonOf } from '../../node/files.js';
import { readFileBytes } from '../../node.js';

export interface StepLine {
  readonly step: number;
  /** The loss before the update. */
  readonly loss: number;
  readonly learningRate: number;
  readonly trainedTokens: number;
  /** Tokens that the model computed, padding among them. */
  readonly tokens: number;
  readonly seconds: number;
}

export interface ValidationLine extends LanguageScores {
  readonly step: number;
}

export interface SampleLine {
  readonly step: number;
  readonly prompt: string;
  readonly answer: string;
}

type Line =
  | ({ readonly kind: 'step' } & StepLine)
  | ({ readonly kind: 'validation' } & ValidationLine)
  | ({ readonly kind: 'sample' } & SampleLine);

/** Its methods throw a DataError where the file cannot be written. */
export class RunMetrics {
  #lines: Line[] = [];
  /** Whether what the file has is not what is kept of it, such as the half line of a run that was killed. */
  #isTorn = false;
  readonly #path: string;

  /** @param path  of the file; lines are added to it as they come */
  constructor(path: string) {
    this.#path = path;
  }

  get steps(): readonly StepLine[] {
    return this.#lines.filter((line) => line.kind === 'step');
  }

  get validations(): readonly ValidationLine[] {
    return this.#lines.filter((line) => line.kind === 'validation');
  }

  get samples(): readonly SampleLine[] {
    return this.#lines.filter((line) => line.kind === 'sample');
  }

  /** Reads what a stopped run has written. */
  async read(): Promise<void> {
    if (!(await exists(this.#path))) return;
    const text = new TextDecoder().decode(await readFileBytes(this.#path));
    this.#lines = text.split('\n').flatMap(lineOf);
    this.#isTorn = text !== textOf(this.#lines);
  }

  /** Forgets the results of a step that is repeated, and of all later ones. @returns how many steps before it are missing */
  beginAt(firstStep: number): number {
    const kept = this.#lines.filter(({ step }) => step < firstStep);
    if (kept.length !== this.#lines.length || this.#isTorn) this.#replace(kept);
    return firstStep - 1 - this.steps.length;
  }

  #replace(kept: Line[]): void {
    this.#lines = kept;
    this.#isTorn = false;
    this.#write(() => {
      writeFileSync(`${this.#path}.part`, textOf(kept));
      renameSync(`${this.#path}.part`, this.#path);
    });
  }

  addStep(line: StepLine): void {
    this.#add({ kind: 'step', ...line });
  }

  addValidation(step: number, { loss, perplexity, bitsPerByte, accuracy, tokens }: LanguageScores): void {
    this.#add({ kind: 'validation', step, loss, perplexity, bitsPerByte, accuracy, tokens });
  }

  addSample(line: SampleLine): void {
    this.#add({ kind: 'sample', ...line });
  }

  #add(line: Line): void {
    this.#lines.push(line);
    this.#write(() => appendFileSync(this.#path, `${JSON.stringify(line)}\n`));
  }

  #write(body: () => void): void {
    try {
      body();
    } catch (error) {
      throw new DataError(`${this.#path}: cannot be written: ${reasonOf(error)}`, { cause: error });
    }
  }
}

function textOf(lines: readonly Line[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** The last line of a run that was killed may be cut off. */
function lineOf(text: string): Line[] {
  try {
    const line: unknown = JSON.parse(text);
    return typeof line === 'object' && line !== null && 'kind' in line && 'step' in line
      ? [line as Line]
      : [];
  } catch {
    return [];
  }
}
