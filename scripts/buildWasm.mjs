/**
 * Compiles assembly/ for every target of asconfig.json, in one process: the compiler is loaded and warmed up once.
 * Plain JavaScript, since a TypeScript loader would also process the compiler's ten megabytes.
 */
import { readFile } from 'node:fs/promises';
import asc from 'assemblyscript/asc';

const config = JSON.parse(await readFile(new URL('../asconfig.json', import.meta.url), 'utf8'));
for (const target of Object.keys(config.targets)) {
  const { error, stderr } = await asc.main(['assembly/index.ts', '--target', target]);
  if (!error) continue;
  console.error(stderr.toString());
  process.exit(1);
}
