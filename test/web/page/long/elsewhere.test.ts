/** An adapter made by the page, in the programs it is meant for: Hugging Face PEFT and llama.cpp. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  loadAdapter,
  noGrad,
  parseSafetensors,
  selectDevice,
  tensor,
  toFloat32,
} from '../../../../src/index.js';
import { encodeChat, loadLanguageModel } from '../../../../src/text.js';
import { hasRealModel, realModelPath } from '../../../support/realModel.js';
import {
  askChat,
  hasLanguageModel,
  lampRows,
  languageUrl,
  loadModel,
  openWith,
  peftFiles,
  saved,
  settingsFor,
  teach,
} from '../languagePage.js';
import { openSite, type Site, visit } from '../open.js';
import { type Figure, printFigures } from './figures.js';

const root = new URL('../../../../', import.meta.url).pathname;
const ROWS = lampRows(8);
const PROMPTS = [ROWS[3].prompt, ROWS[6].prompt, 'Who looks after lamp 5?'];
/** The longest answer that is compared. */
const TOKENS = 32;

let site: Site;
let folder: string;
const figures: Figure[] = [];
/** What the page answered with its adapter. */
const answers: string[] = [];
/** The prompts in the form that the model receives. */
const prompts: number[][] = [];
/** Logits of the first prompt in the library, with exact precision and with the page's fast one. */
const own: Float32Array[] = [];
let decode: (ids: readonly number[]) => string;

const available = hasLanguageModel() && hasRealModel;

beforeAll(async () => {
  if (!available) return;
  folder = mkdtempSync(join(tmpdir(), 'lowrank-elsewhere-'));
  site = await openSite();
  await takeFromPage();
  await compute();
}, 600_000);

afterAll(async () => {
  printFigures('An adapter of the page elsewhere', figures);
  await site?.close();
  if (folder) rmSync(folder, { recursive: true });
});

async function takeFromPage(): Promise<void> {
  const { page } = await visit(site);
  const settings = settingsFor(ROWS.length, { epochs: 8 });
  await openWith(page, languageUrl(site.server), { rows: ROWS, settings });
  await loadModel(page);
  expect(await teach(page)).toMatch(/^Taught in 16 steps, /);
  await page.getByLabel('Longest answer').selectOption(String(TOKENS));
  for (const prompt of PROMPTS) answers.push(await askChat(page, prompt, 'after'));
  mkdirSync(join(folder, 'peft'));
  for (const [name, bytes] of Object.entries(await peftFiles(page)))
    writeFileSync(join(folder, 'peft', name), bytes);
  writeFileSync(join(folder, 'adapter.gguf'), await saved(page, /^GGUF adapter/));
  await page.context().close();
}

/** The same adapter in the library. */
async function compute(): Promise<void> {
  const { device } = await selectDevice({ prefer: 'wasm', threads: 2 });
  const { model, tokenizer } = await loadLanguageModel(device, realModelPath);
  await loadAdapter(model, join(folder, 'peft'));
  for (const content of PROMPTS)
    prompts.push([...encodeChat(tokenizer, [{ role: 'user', content }], { addGenerationPrompt: true })]);
  for (const precision of ['exact', 'fast'] as const) {
    model.precision = precision;
    const ids = Int32Array.from(prompts[0]);
    const logits = await noGrad(() => model.forward(tensor(device, ids, [ids.length], 'i32'))).read();
    own.push(Float32Array.from(logits));
  }
  decode = (ids) => {
    const end = ids.findIndex((id) => tokenizer.eosIds.includes(id));
    return tokenizer.decode(end < 0 ? ids : ids.slice(0, end)).trim();
  };
  device.dispose();
}

/** The largest difference, as a share of the largest value of the second. */
function difference(found: Float32Array, wanted: Float32Array): number {
  expect(found.length).toBe(wanted.length);
  const gaps = wanted.map((value, i) => Math.abs(found[i] - value));
  return (
    gaps.reduce((a, b) => Math.max(a, b)) / wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  );
}

/** Python with PEFT: the one named by LOWRANK_PYTHON, or one made under build/peft. */
function python(): string {
  if (process.env.LOWRANK_PYTHON) return process.env.LOWRANK_PYTHON;
  execFileSync('bash', ['test/peft/environment.sh'], { cwd: root, stdio: 'inherit' });
  return join(root, 'build/peft/venv/bin/python');
}

describe.skipIf(!available)('an adapter of the page', () => {
  it('opens in PEFT without a warning, and computes the same there', () => {
    const at = (name: string) => join(folder, name);
    writeFileSync(at('prompts.json'), JSON.stringify(prompts));
    const words = [realModelPath, at('peft'), at('prompts.json'), at('found.json'), at('logits.safetensors')];
    execFileSync(python(), ['test/peft/page.py', ...words], {
      cwd: root,
      env: { ...process.env, TQDM_DISABLE: '1' },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const logits = parseSafetensors(readFileSync(at('logits.safetensors')), 'logits').tensors.get('logits');
    if (!logits) throw new Error('PEFT gave no logits');
    const theirs = toFloat32(logits, 'logits');
    const [exact, fast] = own.map((each) => difference(each, theirs));
    figures.push(['PEFT: logits apart, of the largest', exact.toExponential(1), '≤ 1e-3']);
    figures.push(['  as the page computes, in 8-bit products', fast.toExponential(1), '']);
    expect(exact).toBeLessThan(1e-3);
    const found = JSON.parse(readFileSync(at('found.json'), 'utf8')) as number[][];
    const said = found.map(decode);
    figures.push([
      'PEFT: the same answers',
      `${said.filter((each, i) => each === answers[i]).length} of 3`,
      '3',
    ]);
    expect(said).toEqual(answers);
  });

  it('gives the same answers in llama.cpp', () => {
    const script = join(root, 'bench/export/llamaCpp.mjs');
    if (!existsSync(join(root, 'bench/node_modules/node-llama-cpp')))
      throw new Error('llama.cpp is not installed: npm run install:peers');
    const said = prompts.map((ids) => {
      const words = [script, realModelPath, join(folder, 'adapter.gguf'), `${TOKENS}`, ...ids.map(String)];
      const output = execFileSync(process.execPath, words, {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      return decode(JSON.parse(output.trim().split('\n').at(-1) ?? '') as number[]);
    });
    figures.push([
      'llama.cpp: the same answers',
      `${said.filter((each, i) => each === answers[i]).length} of 3`,
      '3',
    ]);
    expect(said).toEqual(answers);
    expect(answers[0]).toContain('Marta');
  });
});
