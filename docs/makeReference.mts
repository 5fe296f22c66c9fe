/**
 * Makes the pages of the reference from what they describe: the API from the declarations, the command line from its help
 * texts, the errors from the sources. `npm run docs:reference` builds those first.
 */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const docs = fileURLToPath(new URL('.', import.meta.url));
const run = (command: string, ...parts: string[]) =>
  execFileSync(command, parts, { cwd: docs, stdio: 'inherit' });

// Pages of exports that are there no more would stay.
rmSync(new URL('reference/api', import.meta.url), { recursive: true, force: true });
run('npx', 'typedoc', '--options', 'typedoc.json');
// By themselves: they use packages of this folder, which the check of the repository's types does without.
for (const page of ['cli', 'errors'])
  run(process.execPath, '--import', 'tsx', `.vitepress/reference/${page}.mts`);
