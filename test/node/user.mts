/**
 * A process that takes a directory again and again, and each time checks that it has it exclusively, by a file that only one
 * process can make. Arguments: the directory, and the number of times; or the directory and `hold`, to have it until it is killed.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withDirectory } from '../../src/node/inUse.js';
import { ownName } from '../../src/node/ownNames.js';

const [path, times] = process.argv.slice(2);
const witness = join(path, 'witness');

if (times === 'hold') {
  await withDirectory(path, { kind: 'run' }, async () => {
    await writeFile(join(path, ownName('tmp')), 'half');
    console.log('has it');
    await sleep(60_000);
  });
}
for (let i = 0; i < Number(times); i++) {
  await withDirectory(path, { kind: 'run', waitMs: 50_000 }, async () => {
    await writeFile(witness, '', { flag: 'wx' });
    await sleep(1);
    await rm(witness);
  });
}
