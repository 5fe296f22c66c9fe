/** One run of `lowrank train` in its own process, and its results. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Scores {
  readonly loss: number;
  readonly perplexity: number;
  readonly bitsPerByte: number;
  readonly accuracy: number;
  readonly tokens: number;
}

/** Output of `lowrank train --json`, as far as it is read here. */
export interface TrainFigures {
  readonly device: { readonly name: string; readonly reason: string };
  readonly data: { readonly examples: number; readonly tokens: number; readonly trainedTokens: number };
  readonly steps: number;
  readonly losses: readonly number[];
  readonly validation: readonly (Pick<Scores, 'loss'> & { readonly step: number })[];
  readonly before: Scores | null;
  readonly after: Scores | null;
  readonly best: number | null;
  readonly keep: { readonly better: number; readonly same: number; readonly worse: number } | null;
  readonly samples: readonly Sample[];
  readonly seconds: number;
  readonly trainedTokensPerSecond: number;
  readonly tokensPerSecond: number;
  readonly peakBytes: number;
  readonly peakResidentBytes: number;
}

export interface Sample {
  readonly prompt: string;
  readonly base: string;
  readonly adapted: string;
}

/** Output of `lowrank data --json`, as far as it is read here. */
export interface DataFigures {
  readonly train: { readonly examples: number } | null;
  readonly valid: { readonly examples: number } | null;
  readonly duplicates: {
    readonly counts: { readonly same: number; readonly nearlySame: number; readonly samePrompt: number };
  } | null;
}

/** `lowrank train`; its screens and progress go to standard error. @throws Error where it fails */
export async function trainRun(options: readonly string[]): Promise<TrainFigures> {
  return JSON.parse(await lowrank(['train', ...options, '--json', '-', '--overwrite'])) as TrainFigures;
}

/** `lowrank data`. @throws Error where it fails */
export async function dataRun(model: string, data: string): Promise<DataFigures> {
  return JSON.parse(await lowrank(['data', '--model', model, '--data', data, '--json', '-', '--quiet']));
}

/** Standard output of the built command line. */
export function lowrank(words: readonly string[]): Promise<string> {
  return outputOf(process.execPath, [MAIN, ...words]);
}

/** @throws Error with the command where it fails */
export function outputOf(program: string, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    const parts: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => parts.push(part));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(parts).toString());
      else reject(new Error(`${program} ${words.join(' ')}: ended with ${code}`));
    });
  });
}
