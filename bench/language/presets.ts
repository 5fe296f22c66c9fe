/**
 * Three small sets of examples, written for this project, as folders for `lowrank train --data`: `train.jsonl`, and
 * held-out probes in `valid.jsonl`. They show what a short training run changes: facts, a style, a format.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Preset {
  readonly id: string;
  readonly title: string;
  /** Description of what the probes ask for. */
  readonly probes: string;
  readonly folder: string;
}

const FOLDER = fileURLToPath(new URL('presets', import.meta.url));

function preset(id: string, title: string, probes: string): Preset {
  return { id, title, probes, folder: join(FOLDER, id) };
}

export const PRESETS: readonly Preset[] = [
  preset('cafe', 'Lighthouse Café', 'facts of the training examples, asked for in other words'),
  preset('short-answers', 'Short answers', 'other questions, to be answered in a word or two'),
  preset('order-json', 'Order → JSON', 'other orders, to be answered by JSON'),
];
