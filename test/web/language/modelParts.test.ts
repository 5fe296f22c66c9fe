/** The model as the build cuts it, and what the page shows of it. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { writeModelParts } from '../../../web/assets/modelParts.mjs';
import { partName } from '../../../web/language/model/manifest.js';
import { makeServiceWorker } from '../../../web/plugins/serviceWorker.js';
import { ggufBytes } from '../../models/fixtures.js';

const folders: string[] = [];
function temporary(): string {
  folders.push(mkdtempSync(join(tmpdir(), 'lowrank-parts-')));
  return folders[folders.length - 1];
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('the parts of the model', () => {
  it('are the file again when they are put together, and say what it is', async () => {
    const place = temporary();
    const path = join(place, 'Tiny.Q8_0.gguf');
    writeFileSync(path, ggufBytes('llama'));
    const folder = pathToFileURL(`${place}/model/`);
    const made = await writeModelParts(folder, { path, partBytes: 10_000 });
    if (!made) throw new Error('no model was found');
    const parts = made.parts.map((_, i) => readFileSync(new URL(`${partName(i)}.bin`, folder)));
    expect(Buffer.concat(parts).equals(ggufBytes('llama'))).toBe(true);
    expect(parts.slice(0, -1).every(({ length }) => length === 10_000)).toBe(true);
    expect(made.parts).toEqual(parts.map((part) => ({ bytes: part.length, sha256: sha256(part) })));
    expect(made).toMatchObject({
      ...{ name: 'Tiny', architecture: 'llama', fileBytes: ggufBytes('llama').length },
      ...{ sha256: sha256(ggufBytes('llama')), license: 'see where it comes from' },
    });
    // Nobody is sent to the repository of another model.
    expect(made).not.toHaveProperty('repository');
    // The service worker neither fetches them unasked nor keeps them.
    writeFileSync(join(place, 'index.html'), 'a page');
    const script = await makeServiceWorker(place);
    expect(script).toContain('index.html');
    expect(script).not.toContain('model/part');
  });

  it('do not exist without a model, and old ones are deleted', async () => {
    const place = temporary();
    const folder = pathToFileURL(`${place}/model/`);
    const path = join(place, 'Tiny.gguf');
    writeFileSync(path, ggufBytes('llama'));
    await writeModelParts(folder, { path });
    expect(await writeModelParts(folder, { path: join(place, 'none.gguf') })).toBeUndefined();
    expect(existsSync(folder)).toBe(false);
  });
});
