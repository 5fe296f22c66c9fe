/** Makes the pages of the reference from what they describe: the API from the declarations. */
import { execFileSync } from 'node:child_process';

const docs = new URL('.', import.meta.url).pathname;
execFileSync('npx', ['typedoc', '--options', 'typedoc.json'], { cwd: docs, stdio: 'inherit' });
