/**
 * `npm run bench:text -- MODEL.gguf`: loading, reading a prompt and writing text, by lowrank with each kind of weights, by
 * llama.cpp and by PyTorch, in turns, one thread each. LOWRANK_PYTHON names an interpreter with torch and transformers.
 */
import { execFileSync } from 'node:child_process';
import { WEIGHTS } from '../../src/models/weights.js';

const PROMPT_TOKENS = '250';
const TOKENS = '64';
const ROUNDS = 3;

const [model] = process.argv.slice(2);
if (!model) throw new Error('bench:text: which model: npm run bench:text -- MODEL.gguf');
const at = (name: string) => new URL(name, import.meta.url).pathname;

type Figures = Record<string, number>;

const RUNS = new Map<string, () => string[]>([
  ...WEIGHTS.map((weights) => [
    `lowrank ${weights}`,
    () => [process.execPath, '--import', 'tsx', at('lowrank.ts'), model, weights, PROMPT_TOKENS, TOKENS],
  ]),
  ['llama.cpp', () => [process.execPath, at('llamaCpp.mjs'), model, PROMPT_TOKENS, TOKENS]],
] as [string, () => string[]][]);
const { LOWRANK_PYTHON: python } = process.env;
if (python) RUNS.set('PyTorch f32', () => [python, at('torch_text.py'), model, PROMPT_TOKENS, TOKENS]);
else console.error('left out: PyTorch (LOWRANK_PYTHON names no interpreter)');

function measure([program, ...words]: string[]): Figures {
  const output = execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as Figures;
}

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

const found = new Map<string, Figures[]>();
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, words] of RUNS) {
    const figures = measure(words());
    found.set(name, [...(found.get(name) ?? []), figures]);
  }
}
console.log(`${PROMPT_TOKENS} tokens of prompt, ${TOKENS} of text, one thread, medians of ${ROUNDS} turns`);
console.table(
  Object.fromEntries(
    Array.from(found, ([name, rounds]) => [
      name,
      Object.fromEntries(
        Object.keys(rounds[0]).map((key) => [
          key,
          Number(median(rounds.map((each) => each[key])).toFixed(1)),
        ]),
      ),
    ]),
  ),
);
