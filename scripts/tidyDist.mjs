/**
 * Leaves in dist/ only what users need: no file whose source is gone, and of the types only those that an entry of the
 * package reaches. The types of the command line and of the insides are half of all declarations, and nobody can import them.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const DIST = 'dist';

/** The declarations that a declaration names, by path. */
async function namedIn(file) {
  const text = await readFile(file, 'utf8');
  const names = text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*['"](\.[^'"]+)\.js['"]/g);
  return [...names].map(([, name]) => join(dirname(file), `${name}.d.ts`));
}

/** The declarations that an entry of the package reaches. */
async function reachableTypes() {
  const { exports } = JSON.parse(await readFile('package.json', 'utf8'));
  const reached = new Set(JSON.stringify(exports).match(/dist\/[\w/]+\.d\.ts/g));
  // A Set yields what is added during the iteration, too.
  for (const file of reached) for (const named of await namedIn(file)) reached.add(named);
  return reached;
}

const reached = await reachableTypes();
for (const name of await readdir(DIST, { recursive: true })) {
  const [, stem, ending] = /^(.+?)(\.d\.ts|\.js)$/.exec(name) ?? [];
  if (stem === undefined || stem === 'lowrank.min') continue;
  const file = join(DIST, name);
  const isStale = !existsSync(join('src', `${stem}.ts`));
  if (isStale || (ending === '.d.ts' && !reached.has(file))) await rm(file);
}
