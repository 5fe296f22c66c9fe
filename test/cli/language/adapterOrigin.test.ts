/** What an adapter's files say of its training, beside how it is used. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { originNotes } from '../../../src/cli/language/adapterOrigin.js';
import { ggufContents, ggufFile } from '../../models/ggufFiles.js';

const root = mkdtempSync(join(tmpdir(), 'lowrank-origin-'));
afterAll(() => rmSync(root, { recursive: true }));

let count = 0;
function adapter(files: Readonly<Record<string, string>>): string {
  const directory = join(root, `${count++}`);
  mkdirSync(directory);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

const trainedOver = (base: string | null) =>
  adapter({ 'adapter_config.json': JSON.stringify({ base_model_name_or_path: base }) });

/** A GGUF file that names its repository. */
const contents = await ggufContents('llama');
const repository = 'general.source.huggingface.repository';
contents.metadata.set(repository, { type: 'string', value: 'owner/Small-Instruct' });
const path = join(root, 'Small-Instruct.Q4_1.gguf');
writeFileSync(path, await ggufFile(contents));

describe('the notes on an adapter', () => {
  it.each([
    ['owner/Small-Instruct'],
    ['other/small-instruct'],
    ['/models/Small-Instruct/'],
    ['..\\Small-Instruct.Q8_0.gguf'],
    ['owner/Small-Instruct-GGUF'],
    [''],
    [null],
  ])('are none where the base is the same, stored in whatever way, or not named: %j', async (base) => {
    expect(await originNotes(trainedOver(base), { path })).toEqual([]);
  });

  it('name another base', async () => {
    expect(await originNotes(trainedOver('owner/Small\u001b'), { path })).toEqual([
      'was trained over owner/Small\\u001b, and this model is owner/Small-Instruct: check that they are the same',
    ]);
  });

  it('name the system message of the training where another one, or none, is given in a chat', async () => {
    const directory = adapter({ 'settings.yaml': 'rank: 8\nsystem: be kind\n' });
    const note = 'was trained with --system "be kind", which is not in force here';
    const notes = (system?: string) => originNotes(directory, { path, chat: { system } });
    expect([await notes(), await notes('other'), await notes('be kind')]).toEqual([[note], [note], []]);
    expect(await originNotes(directory, { path })).toEqual([]);
    const without = adapter({ 'settings.yaml': 'rank: 8\n' });
    expect(await originNotes(without, { path, chat: { system: 'a' } })).toEqual([]);
  });

  it('are none of files that cannot be read as such', async () => {
    const directory = adapter({ 'adapter_config.json': '[1]', 'settings.yaml': 'a: [' });
    expect(await originNotes(directory, { path, chat: { system: undefined } })).toEqual([]);
  });
});
