/** The programs of `examples/`, and those that the README shows. */
import { readFileSync } from 'node:fs';

const root = new URL('../../', import.meta.url);

/** The text of a file of `examples/`, without the comment that it begins with. */
export function exampleProgram(name: string): string {
  return readFileSync(new URL(`examples/${name}`, root), 'utf8').replace(/^\/\/.*\n/, '');
}

/** The programs that the README shows, in their order. */
export function readmePrograms(): string[] {
  const readme = readFileSync(new URL('README.md', root), 'utf8');
  return [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map(([, program]) => program);
}
