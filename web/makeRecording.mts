/**
 * Records a lesson of the page, for visitors who look before they download a model: build/web-assets/recorded-cafe.json, and
 * beside it the picture for previews of the page.
 * Does nothing if the lesson has not changed. `--steps 4` ends it early; `LOWRANK_MODEL` is the model's file. Without the
 * model there is no recording, and the page says so.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AdamW, applyLora, type Backend, fit, selectDevice } from 'lowrank';
import {
  generate,
  type LlamaForCausalLM,
  type LoadedLanguageModel,
  loadLanguageModel,
  type PackedBatch,
  PackedRows,
  tokenizeChat,
  tokenLoss,
} from 'lowrank/text';
import { fileSource } from '../src/node.js';
import { LANGUAGE_PICTURE, languagePicture } from './assets/languagePicture.mjs';
import type { ProbeStop } from './language/api.js';
import { settingsOf, stepsOf } from './language/efforts.js';
import { CAFE } from './language/presets/cafe.js';
import { RECORDED_FILE, type RecordedRun } from './language/recorded/recordedRun.js';

const assets = new URL('../build/web-assets/', import.meta.url);
const MODEL = 'SmolLM2-135M-Instruct.Q4_1.gguf';
const THREADS = 2;
/** Time limit, after which the lesson ends where it is. */
const MOST_SECONDS = 150;
/** Stops of the scrubber besides the first. */
const STOPS = 6;
/** The same as in a lesson of the page. */
const PROBE_TOKENS = 32;
const [WARMUP, CLIP] = [0.1, 1];

/** All rows are taught, so that the question of the first probe is among them. */
const SETTINGS = { ...settingsOf('quick', CAFE.rows.length, { heldOut: 0 }), ...CAFE.teach };
const PROBES = [CAFE.rows[0].prompt, CAFE.probes[0]];

/** Checksum of everything that a recording depends on. */
const KEY = createHash('sha256')
  .update(JSON.stringify([CAFE.rows, SETTINGS, PROBES, STOPS, MODEL]))
  .digest('hex');

const chat = (prompt: string) => [{ role: 'user' as const, content: prompt }];

async function answers({ model, tokenizer }: LoadedLanguageModel): Promise<string[]> {
  const said: string[] = [];
  for (const probe of PROBES)
    said.push((await generate(model, tokenizer, chat(probe), { maxTokens: PROBE_TOKENS }).result()).text);
  return said;
}

async function record(device: Backend, path: string, most: number): Promise<RecordedRun> {
  const loaded = await loadLanguageModel(device, await fileSource(path));
  const { model, tokenizer } = loaded;
  const { rank, alpha, seed, batch, maxLength, learningRate, epochs } = SETTINGS;
  const steps = Math.min(most, stepsOf(CAFE.rows.length, SETTINGS));
  const stops: ProbeStop[] = [{ step: 0, answers: await answers(loaded) }];
  const losses: [number, number][] = [];
  const examples = CAFE.rows.map(({ prompt, answer }) =>
    tokenizeChat(tokenizer, [...chat(prompt), { role: 'assistant', content: answer }]),
  );
  const rows = new PackedRows(device, examples, { batchSize: batch, maxLength });
  await applyLora(model, { rank, alpha, seed });
  const begun = performance.now();
  const measure = async () => {
    stops.push({ step: losses.length, answers: await answers(loaded) });
    // No measurement is better than another: the last values are kept.
    return { loss: 0 };
  };
  const { stopped } = await fit<LlamaForCausalLM, PackedBatch>(model, rows, {
    optimizer: new AdamW(
      model.parameters().filter(({ requiresGrad }) => requiresGrad),
      {
        ...{ learningRate, weightDecay: 0 },
      },
    ),
    ...{ epochs, limit: steps, seed, clipNorm: CLIP, loss: tokenLoss },
    schedule: { kind: 'cosine', warmup: Math.floor(WARMUP * steps) },
    validation: { data: rows, every: Math.ceil(steps / STOPS), keepBest: false, measure },
    onStep: ({ iteration, loss }) => losses.push([iteration, Number(loss.toFixed(4))]),
    signal: AbortSignal.timeout(1000 * MOST_SECONDS),
  });
  // The clock may have ended it between two stops.
  if (stops.at(-1)?.step !== losses.length) await measure();
  const seconds = Math.round((performance.now() - begun) / 1000);
  const about = { preset: CAFE.id, device: `a ${THREADS}-core machine`, seconds, rows: CAFE.rows.length };
  // A recording that ended early is made again the next time.
  const key = stopped || most < Number.POSITIVE_INFINITY ? 'ended early' : KEY;
  return { ...about, key, steps: losses.length, probes: PROBES, stops, losses };
}

/** Whether a recording of this very lesson exists. */
async function recordedAlready(file: URL): Promise<boolean> {
  if (!existsSync(file)) return false;
  const { key }: Partial<RecordedRun> = JSON.parse(await readFile(file, 'utf8'));
  return key === KEY;
}

const { values } = parseArgs({ options: { steps: { type: 'string', default: 'all' } } });
const most = values.steps === 'all' ? Number.POSITIVE_INFINITY : Number(values.steps);
if (!(most >= 1)) throw new Error(`--steps: must be at least 1: ${values.steps}`);
const file = new URL(RECORDED_FILE, assets);
const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
const path = process.env.LOWRANK_MODEL || join(cache, 'lowrank', MODEL);
if (!existsSync(path)) {
  console.warn(`no recorded run: there is no ${path} (scripts/fetchModel.sh gets it)`);
} else if (!(await recordedAlready(file))) {
  const { device } = await selectDevice({ prefer: 'wasm', threads: THREADS });
  const run = await record(device, path, most);
  device.dispose();
  await mkdir(assets, { recursive: true });
  await writeFile(file, JSON.stringify(run));
  console.log(`recorded ${run.steps} steps in ${run.seconds} s`);
}
if (existsSync(file)) {
  const run: RecordedRun = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(new URL(LANGUAGE_PICTURE, assets), languagePicture(run));
}
