/** The first example of the README. */
import { readFileSync } from 'node:fs';

export function readmeExample(): string {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const example = /```js\n([\s\S]*?)```/.exec(readme)?.[1];
  if (!example) throw new Error('the README has no ```js example');
  return example;
}

/** Lines that are not empty. */
export function countExampleLines(example: string): number {
  return example.split('\n').filter((line) => line.trim() !== '').length;
}
