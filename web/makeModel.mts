/**
 * Cuts the language model into parts, in build/web-assets/model, with a manifest beside the folder of files. Without a model
 * on this machine (`scripts/fetchModel.sh`, or LOWRANK_MODEL) the page is built without one, and says so.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { modelPath, writeModelParts } from './assets/modelParts.mjs';
import { type ModelManifest, partName } from './language/model/manifest.js';

const root = new URL('../', import.meta.url);
const folder = new URL('build/web-assets/model/', root);
const manifest = new URL('build/web-model.json', root);

/** The source that decides which facts a manifest has. */
const maker = new URL('web/assets/modelParts.mts', root);

/** Whether all parts exist and belong to the present model. */
function isThere(): boolean {
  if (!existsSync(manifest) || !existsSync(modelPath)) return false;
  const made = JSON.parse(readFileSync(manifest, 'utf8')) as ModelManifest | null;
  if (made?.fileBytes !== statSync(modelPath).size) return false;
  const { mtimeMs } = statSync(manifest);
  if (mtimeMs < statSync(modelPath).mtimeMs || mtimeMs < statSync(maker).mtimeMs) return false;
  return made.parts.every(({ bytes }, index) => {
    const part = statSync(new URL(`${partName(index)}.bin`, folder), { throwIfNoEntry: false });
    return part?.size === bytes;
  });
}

if (!isThere()) {
  await mkdir(new URL('build/', root), { recursive: true });
  const made = await writeModelParts(folder);
  if (!made) console.warn(`the page gets no language model: there is no ${modelPath}`);
  await writeFile(manifest, `${JSON.stringify(made ?? null, undefined, 2)}\n`);
}
