/**
 * `npm run bench:presets`: teaches a preset of the language-model page to the real model with given settings, and prints what was
 * learned and forgotten as a row of a table. The defaults of web/language/efforts.ts come from it.
 *
 *   npm run bench:presets -- --preset cafe --rate 1e-3 --passes 10
 *   npm run bench:presets -- --preset orders --passes 4 --base --answers
 */
import { existsSync } from 'node:fs';
import { CommanderError } from 'commander';
import { selectDevice } from '../../src/index.js';
import {
  evaluateLanguageModel,
  GENERAL_EXAMPLES,
  type LlamaForCausalLM,
  loadLanguageModel,
  type Tokenizer,
  tokenizeExamples,
  tokenizeText,
} from '../../src/text.js';
import { GENERAL_TEXT } from '../../web/language/generalText.js';
import { type Check, PRESETS } from '../../web/language/presets/index.js';
import { type Asked, ask, rightOrders, score } from './asking.js';
import { teach } from './lesson.js';
import { type Options, parseOptions } from './options.js';

const KINDS: readonly Check['kind'][] = ['repeats', 'says', 'short', 'order'];
const HEAD = [
  ...['preset', 'rate', 'passes', 'batch', 'rank', 'alpha', 'schedule', 'old answers', 'seed'],
  ...['exact', 'reworded', 'short', 'valid JSON', 'right order', 'prose', 'general answers'],
  ...['last loss', 'steps', 'tokens', 'trained', 'seconds', 'CPU seconds'],
];

/** Losses of a plain text and of general questions' answers. */
async function generalLosses(model: LlamaForCausalLM, tokenizer: Tokenizer): Promise<readonly number[]> {
  const text = GENERAL_TEXT.map((each) => tokenizeText(tokenizer, each));
  const { examples } = tokenizeExamples(tokenizer, GENERAL_EXAMPLES);
  const losses: number[] = [];
  for (const each of [text, examples])
    losses.push((await evaluateLanguageModel(model, tokenizer, each)).loss);
  return losses;
}

function show(title: string, asked: readonly Asked[]): void {
  process.stdout.write(`\n${title}:\n`);
  for (const { check, answer, isRight } of asked)
    process.stdout.write(`${isRight ? ' ' : '✗'} ${check.prompt} → ${JSON.stringify(answer)}\n`);
}

const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |\n`;
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function change(before: number, after: number): string {
  const percent = Math.round(100 * (after / before - 1));
  return `${before.toFixed(2)} → ${after.toFixed(2)} (${percent < 0 ? '' : '+'}${percent} %)`;
}

async function main(options: Options): Promise<void> {
  const preset = PRESETS.find(({ id }) => id === options.preset);
  if (!preset) throw new Error(`--preset: there is no ${options.preset}`);
  if (!existsSync(options.model))
    throw new Error(`--model: there is no ${options.model} (npm run fetch:model brings it)`);
  const { device, reason } = await selectDevice({ prefer: 'wasm', threads: options.threads });
  process.stderr.write(`${reason}\n`);
  const { model, tokenizer } = await loadLanguageModel(device, options.model, { precision: 'fast' });
  const before = await generalLosses(model, tokenizer);
  const base = options.base ? await ask(model, tokenizer, preset) : undefined;
  const result = await teach({ model, tokenizer }, preset, options);
  const after = await generalLosses(model, tokenizer);
  const asked = await ask(model, tokenizer, preset);
  if (options.answers) {
    if (base) show('Before', base);
    show('After', asked);
  }
  const { rate, passes, batch, rank, alpha, schedule, replay, seed } = options;
  const counted = [...KINDS.map((kind) => [base, asked].map((each) => each && score(each, kind)))];
  const orders = [base, asked].map((each) => each && rightOrders(each));
  const cells = [...counted, orders].map((each) => each.filter((cell) => cell).join(' → '));
  process.stdout.write(`\n${line(HEAD)}${line(HEAD.map(() => '---'))}`);
  process.stdout.write(
    line([
      ...[preset.id, rate, passes, batch, rank, alpha, schedule, replay, seed, ...cells],
      ...before.map((loss, i) => change(loss, after[i])),
      ...[mean(result.losses.slice(-10)).toFixed(3), result.steps, result.tokens, result.trainedTokens],
      ...[Math.round(result.seconds), Math.round(result.cpuSeconds)],
    ]),
  );
  device.dispose();
}

async function run(): Promise<number> {
  try {
    await main(parseOptions(process.argv.slice(2)));
    return 0;
  } catch (error) {
    // Commander has already printed it.
    if (error instanceof CommanderError) return error.exitCode;
    process.stderr.write(`bench:presets: ${error instanceof Error ? error.message : error}\n`);
    return 1;
  }
}

process.exitCode = await run();
