/** `lowrank/text` as the only import of a process, as it is built. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
const model = new URL('../models/fixtures/llama3.gguf', import.meta.url).pathname;

/** Output of a fresh process that reads a tokenizer by its path, or the error's line. */
function read(...flags: string[]): string {
  const program = `
    import { loadTokenizer } from 'lowrank/text';
    loadTokenizer(${JSON.stringify(model)}).then(
      ({ tokenizer }) => console.log(tokenizer.encode('the cat').length + ' tokens'),
      ({ name, message }) => console.log(name + ': ' + message),
    );`;
  const args = [...flags, '--input-type=module', '--eval', program];
  return execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }).trim();
}

it('reads from a path in Node', () => {
  expect(read()).toMatch(/^\d+ tokens$/);
});

it('refuses a path where a bundler takes the build for browsers', () => {
  expect(read('--conditions=browser')).toMatch(
    /^TypeError: .*llama3\.gguf: a path is supported only in Node/,
  );
});
