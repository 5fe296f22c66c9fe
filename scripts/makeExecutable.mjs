/**
 * Sets the run bit of every file that package.json names under `bin`: the compiler writes plain files, and `npx` in a clone
 * runs them as they are. Windows has no such bit and starts them by their extension; there this changes nothing.
 */
import { chmod, readFile, stat } from 'node:fs/promises';

const { bin } = JSON.parse(await readFile('package.json', 'utf8'));
for (const file of Object.values(bin)) {
  const { mode } = await stat(file);
  // Everyone who may read it may run it.
  await chmod(file, mode | ((mode & 0o444) >> 2));
}
