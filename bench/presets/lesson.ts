/** A lesson as the page teaches it: LoRA on all linear layers, AdamW, rows packed, the loss of only the answers. */
import { AdamW, applyLora, countParameters } from '../../src/core.js';
import { fit, Random } from '../../src/index.js';
import {
  type ChatMessage,
  type LlamaForCausalLM,
  type PackedBatch,
  PackedRows,
  type Tokenizer,
  tokenizeChat,
  tokenLoss,
} from '../../src/text.js';
import type { Preset } from '../../web/language/presets/index.js';
import { conversation } from './asking.js';
import { oldAnswers } from './oldAnswers.js';
import type { LessonSettings } from './options.js';

export interface LessonResult {
  readonly rows: number;
  readonly steps: number;
  /** Number of computed tokens, including padding; a common beginning of a step's rows is computed once. */
  readonly tokens: number;
  readonly trainedTokens: number;
  readonly trainable: number;
  readonly seconds: number;
  /** CPU time of all threads together, which on a busy machine says more than the clock. */
  readonly cpuSeconds: number;
  /** Loss of each step. */
  readonly losses: readonly number[];
}

const WARMUP = 0.1;

export async function teach(
  { model, tokenizer }: { readonly model: LlamaForCausalLM; readonly tokenizer: Tokenizer },
  preset: Preset,
  settings: LessonSettings,
): Promise<LessonResult> {
  const { rate, passes: epochs, batch, rank, alpha, seed, schedule: kind } = settings;
  const taught = await taughtRows(model, tokenizer, preset, settings);
  const examples = taught.map((messages) => tokenizeChat(tokenizer, messages));
  await applyLora(model, { rank, alpha, seed });
  const rows = new PackedRows(model.device, examples, {
    ...{ maxLength: 256, batchSize: batch, window: model.config.slidingWindow },
  });
  const steps = rows.stepCount({ batchSize: 1, epochs, random: new Random(seed).split('shuffle') });
  const trained = model.parameters().filter(({ requiresGrad }) => requiresGrad);
  let [tokens, trainedTokens] = [0, 0];
  const losses: number[] = [];
  const cpu = process.cpuUsage();
  const begun = performance.now();
  await fit<LlamaForCausalLM, PackedBatch>(model, rows, {
    optimizer: new AdamW(trained, { learningRate: rate, weightDecay: 0 }),
    ...{ epochs, seed, clipNorm: 1, schedule: { kind, warmup: Math.floor(WARMUP * steps) } },
    loss: (_, each) => {
      tokens += each.ids.length;
      trainedTokens += each.rows;
      return tokenLoss(model, each);
    },
    onStep: ({ iteration, loss }) => {
      losses.push(loss);
      if (iteration % 10 === 0)
        process.stderr.write(`step ${iteration} of ${steps}: loss ${loss.toFixed(3)}\n`);
    },
  });
  const { user, system } = process.cpuUsage(cpu);
  return {
    ...{ rows: examples.length, steps, tokens, trainedTokens, losses },
    trainable: countParameters(model).trainable,
    seconds: (performance.now() - begun) / 1000,
    cpuSeconds: (user + system) / 1e6,
  };
}

/** Rows of the preset, with old answers mixed in where requested. */
async function taughtRows(
  model: LlamaForCausalLM,
  tokenizer: Tokenizer,
  { rows, system }: Preset,
  { replay }: LessonSettings,
): Promise<readonly (readonly ChatMessage[])[]> {
  const own = rows.map(({ prompt, answer }) => conversation(system, prompt, answer));
  const count = Math.round((own.length * replay) / (1 - replay));
  return count === 0 ? own : [...own, ...(await oldAnswers(model, tokenizer, count))];
}
