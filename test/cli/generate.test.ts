/** `lowrank generate` on small models. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.js';
import { applyLora, saveAdapter } from '../../src/index.js';
import { loadLanguageModel } from '../../src/models/load.js';
import { wasm } from '../support/devices.js';
import { collector } from './language/collect.js';

const root = mkdtempSync(join(tmpdir(), 'lowrank-generate-'));
afterAll(() => rmSync(root, { recursive: true }));

const at = (name: string) => new URL(`../models/fixtures/${name}`, import.meta.url).pathname;
const [folder, gguf, adapter] = [at('llama3'), at('llama3.gguf'), join(root, 'adapter')];

/** A stream, and what was written to it. */
async function lowrank(...args: string[]) {
  const [stdout, stderr] = [collector(), collector()];
  const program = createProgram({ stdout: stdout.stream, stderr: stderr.stream });
  await program.parseAsync([
    'node',
    'lowrank',
    'generate',
    '--device',
    'wasm',
    '--max-tokens',
    '12',
    ...args,
  ]);
  return { out: stdout.text(), err: stderr.text() };
}

const json = async (...args: string[]) => JSON.parse((await lowrank('--json', '-', '--quiet', ...args)).out);

beforeAll(async () => {
  const device = await wasm();
  const { model } = await loadLanguageModel(device, folder);
  const { factors } = await applyLora(model, { rank: 2, targetModules: ['q_proj', 'down_proj'] });
  for (const { loraB } of factors.values())
    loraB.write(Float32Array.from({ length: loraB.length }, (_, i) => Math.sin(i)));
  await saveAdapter(model, adapter);
  device.dispose();
});

describe('lowrank generate', () => {
  it('writes the text to standard output, and how fast it was to standard error', async () => {
    const { out, err } = await lowrank('--model', folder, '--prompt', 'the cat');
    const { text } = await json('--model', folder, '--prompt', 'the cat');
    expect(out).toBe(text.endsWith('\n') ? text : `${text}\n`);
    expect(err).toMatch(/prompt \d+ tokens, [\d.,]+ tokens\/s; text \d+ tokens, [\d.,]+ tokens\/s\n$/);
    expect(err).toContain('lowrank: note: the prompt is continued as plain text; --chat makes it');
  });

  it('writes JSON of the agreed shape to a file, or to standard output without other text', async () => {
    const file = join(root, 'out.json');
    const { out, err } = await lowrank('--model', gguf, '--prompt', 'the cat', '--json', file, '--quiet');
    expect(err).toBe('');
    const found = JSON.parse(readFileSync(file, 'utf8'));
    expect(Object.keys(found)).toEqual(['text', 'tokens', 'promptTokens', 'stoppedBy', 'tokensPerSecond']);
    expect(out.trimEnd()).toBe(found.text.trimEnd());
    expect(found.tokens).toBeLessThanOrEqual(12);
    expect(found.promptTokens).toBeGreaterThan(1);
  });

  it('gives the same from a folder, a GGUF file and a wheel', async () => {
    const wheel = join(root, 'model.whl');
    writeFileSync(wheel, zipSync({ 'pkg/model.gguf': new Uint8Array(readFileSync(gguf)) }));
    process.env.XDG_CACHE_HOME = join(root, 'cache');
    const texts = [];
    for (const model of [folder, gguf, wheel])
      texts.push((await json('--model', model, '--prompt', 'a model')).text);
    delete process.env.XDG_CACHE_HOME;
    expect(texts[1]).toBe(texts[0]);
    expect(texts[2]).toBe(texts[0]);
  });

  it('adds adapters, each as much as is asked for', async () => {
    const text = async (...more: string[]) =>
      (await json('--model', folder, '--prompt', 'she sells', ...more)).text;
    const base = await text();
    expect(await text('--adapter', adapter)).not.toBe(base);
    expect(await text('--adapter', `${adapter}@0`)).toBe(base);
    // Two of them add up, to nothing here.
    expect(await text('--adapter', `${adapter}@0.5`, '--adapter', `${adapter}@-0.5`)).toBe(base);
  });

  it('accepts a chat, and refuses special tokens in typed text', async () => {
    const chat = ['--model', folder, '--chat', '--prompt'];
    const whole = await json(...chat, 'hello', '--system', 'be kind');
    const alone = await json(...chat, 'hello');
    expect(whole.promptTokens).toBeGreaterThan(alone.promptTokens);
    expect((await lowrank(...chat, 'hello')).err).toContain('lowrank: system message: none\n');
    const { err } = await lowrank(...chat, 'hello', '--system', 'be kind');
    expect(err).not.toContain('plain text');
    expect(err).toContain('lowrank: system message: "be kind" (--system)\n');
    await expect(lowrank(...chat, 'say <|end|> now')).rejects.toThrow(
      'messages[0].content: holds a special token, which is refused: "<|end|>" at character 4',
    );
    await expect(lowrank('--model', folder, '--prompt', 'say <|end|>')).rejects.toThrow('"<|end|>"');
    expect((await json(...chat, 'say <|end|> now', '--allow-special')).promptTokens).toBeGreaterThan(5);
  });

  it('ends at a stop text, and at the end of the context', async () => {
    const { text } = await json('--model', folder, '--prompt', 'the cat');
    const stop = text.slice(3, 5);
    // The first token comes from the prompt's logits: there is nothing to time.
    expect(await json('--model', folder, '--prompt', 'the cat', '--max-tokens', '1')).toMatchObject({
      tokens: 1,
      tokensPerSecond: 0,
    });
    const short = await json('--model', folder, '--prompt', 'the cat', '--stop', stop);
    expect(short.stoppedBy).toBe('stop');
    expect(short.text).toBe(text.slice(0, text.indexOf(stop)));
    const long = ['--model', folder, '--prompt', 'a '.repeat(60), '--max-tokens', '1000'];
    const { promptTokens, tokens, stoppedBy } = await json(...long);
    expect(stoppedBy === 'length' ? promptTokens + tokens : 128).toBe(128);
    await expect(lowrank('--model', folder, '--prompt', 'a '.repeat(200))).rejects.toThrow(
      /the prompt has \d+ tokens, and the model's context 128: nothing fits after it/,
    );
  });

  it('draws the same text for the same seed', async () => {
    const draw = (seed: string) =>
      json('--model', folder, '--prompt', 'the', '--temperature', '1.5', '--seed', seed, '--top-k', '50');
    expect((await draw('1')).text).toBe((await draw('1')).text);
    expect((await draw('1')).text).not.toBe((await draw('2')).text);
  });

  it.each<[string, string[], string]>([
    ['no model', ['--prompt', 'x'], "required option '--model <path|id>' not specified"],
    [
      'a path to nothing',
      ['--model', 'nowhere.gguf', '--prompt', 'x'],
      'nowhere.gguf: cannot be read: no such file',
    ],
    [
      'an address without a host',
      ['--model', 'https://', '--prompt', 'x'],
      '--model: must be a path, an id, or an address that begins with https://: https://',
    ],
    ['a scheme', ['--model', 'ftp://a/b.gguf', '--prompt', 'x'], '--model: must be a path, an id'],
    ['another file', ['--model', at('smollm2.json'), '--prompt', 'x'], 'smollm2.json: is not a GGUF file'],
    ['an adapter', ['--model', join(root, 'adapter'), '--prompt', 'x'], 'it is an adapter'],
    ['no prompt', ['--model', folder, '--prompt', ''], 'the prompt has no tokens'],
    [
      'a system without a chat',
      ['--model', folder, '--prompt', 'x', '--system', 'y'],
      '--system: requires --chat',
    ],
    ['a temperature', ['--model', folder, '--prompt', 'x', '--temperature', '-1'], '--temperature: must be'],
    ['a top-p', ['--model', folder, '--prompt', 'x', '--top-p', '0'], '--top-p: must be above 0: 0'],
    [
      'a precision',
      ['--model', folder, '--prompt', 'x', '--precision', 'half'],
      '--precision: must be one of auto, exact, fast, fastest: half',
    ],
    [
      'weights',
      ['--model', folder, '--prompt', 'x', '--weights', 'q5'],
      '--weights: must be one of keep, f32',
    ],
    ['an empty stop', ['--model', folder, '--prompt', 'x', '--stop', ''], '--stop: must not be empty'],
    [
      'an adapter that is none',
      ['--model', folder, '--prompt', 'x', '--adapter', root],
      'adapter_config.json',
    ],
  ])('refuses %s in one line', async (_, args, message) => {
    await expect(lowrank(...args)).rejects.toThrow(message);
  });
});
