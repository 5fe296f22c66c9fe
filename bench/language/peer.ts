/** The same training with PyTorch and PEFT, in a Python process. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PYTHON } from './corpus.js';
import { outputOf } from './trainRun.js';

const SCRIPT = fileURLToPath(new URL('peft_chat.py', import.meta.url));

export interface PeerOptions {
  readonly threads: number;
  readonly batchSize: number;
  readonly passes: number;
  readonly learningRate: number;
  readonly schedule: 'constant' | 'cosine';
  readonly seed: number;
}

export interface PeerFigures {
  readonly versions: { readonly peft: string; readonly transformers: string; readonly torch: string };
  readonly steps: number;
  /** Number of tokens in a pass, without padding. */
  readonly tokens: number;
  /** Losses on the held-out examples, before and after each pass. */
  readonly losses: readonly number[];
  /** Duration of the steps in seconds. */
  readonly seconds: number;
  readonly peakResidentBytes: number;
}

/** The reason why there is no peer; undefined where there is one. */
export function missingPeer(): string | undefined {
  try {
    execFileSync(PYTHON, ['-c', 'import gguf, peft, torch, transformers'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return `${PYTHON} has no torch, transformers, peft and gguf (LOWRANK_PYTHON names another interpreter)`;
  }
}

/** @throws Error where it fails */
export async function peerRun(model: string, data: string, options: PeerOptions): Promise<PeerFigures> {
  return JSON.parse(await outputOf(PYTHON, [SCRIPT, model, data, JSON.stringify(options)])) as PeerFigures;
}
