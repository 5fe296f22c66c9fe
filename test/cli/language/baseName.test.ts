/** The repository of a base, as its files or its place name it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { repositoryOf } from '../../../src/cli/language/baseName.js';
import { ggufContents, ggufFile } from '../../models/ggufFiles.js';

const root = mkdtempSync(join(tmpdir(), 'lowrank-name-'));
afterAll(() => rmSync(root, { recursive: true }));

async function named(metadata: Readonly<Record<string, string>>): Promise<string | undefined> {
  const contents = await ggufContents('llama');
  for (const [key, value] of Object.entries(metadata)) contents.metadata.set(key, { type: 'string', value });
  const path = join(root, 'm.gguf');
  writeFileSync(path, await ggufFile(contents));
  return repositoryOf({ kind: 'gguf', path });
}

describe('repositoryOf', () => {
  it('takes that of the source before that of the file', async () => {
    const repository = 'https://huggingface.co/other/m-GGUF';
    expect(await named({ 'general.repo_url': repository })).toBe('other/m-GGUF');
    expect(
      await named({ 'general.repo_url': repository, 'general.source.huggingface.repository': 'owner/m' }),
    ).toBe('owner/m');
  });

  it.each(['https://example.com/a/b', 'a/b/c', 'a b/c', '../..', 'a/b\n', ''])(
    'takes no other text: %j',
    async (text) => {
      expect(await named({ 'general.source.repo_url': text })).toBe(undefined);
    },
  );

  it('reads the place of a folder in the cache of the Hub', async () => {
    const folder = (path: string) => repositoryOf({ kind: 'folder', path });
    expect(await folder('/c/hub/models--HuggingFaceTB--SmolLM2-135M/snapshots/12fd25f/')).toBe(
      'HuggingFaceTB/SmolLM2-135M',
    );
    expect(await folder('/c/hub/models--gpt2/snapshots/1')).toBe('gpt2');
    expect(await folder('/c/models/SmolLM2')).toBe(undefined);
  });
});
