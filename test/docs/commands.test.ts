/** The lines in the documents that call `lowrank`: each names a command and options that are there. */
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.js';
import { blocksOf, pageOf, pages } from './pages.js';

const program = createProgram({ stdout: process.stdout, stderr: process.stderr });

/** Calls in blocks of code and between backticks, each with what follows `lowrank`. */
function callsOf(text: string): string[] {
  const fenced = blocksOf(text)
    .filter(({ language }) => ['', 'sh'].includes(language))
    .flatMap(({ lines }) =>
      lines
        .join('\n')
        .replace(/\\\n\s*/g, ' ')
        .split('\n'),
    );
  const inline = Array.from(text.matchAll(/`((?:npx )?lowrank [^`]+)`/g), ([, call]) =>
    call.replace(/\s+/g, ' '),
  );
  return [...fenced, ...inline].flatMap((line) => {
    const call = /^\s*(?:\$ )?(?:npx )?lowrank +(.*)$/.exec(line)?.[1];
    return call === undefined ? [] : [call.replace(/\s+#.*$/, '')];
  });
}

/** The words of a shell's line, up to a pipe or a redirection. */
function wordsOf(call: string): string[] {
  const words = Array.from(call.matchAll(/"[^"]*"|'[^']*'|\S+/g), ([word]) => word);
  const end = words.findIndex((word) => /^[|<>;&]/.test(word));
  return end < 0 ? words : words.slice(0, end);
}

/** @returns what is wrong with a call; undefined where nothing is */
function problemOf(call: string): string | undefined {
  const [name, ...words] = wordsOf(call);
  const command: Command | undefined = name.startsWith('-')
    ? program
    : program.commands.find((each) => each.name() === name);
  if (!command) return `no command ${name}`;
  const known = new Map(
    command.options.flatMap((option) => [option.long, option.short].map((flag) => [flag, option])),
  );
  const flags = [...(command === program ? [name] : []), ...words];
  for (const [i, word] of flags.entries()) {
    if (!/^--?[a-z]/i.test(word) || ['--help', '-h'].includes(word)) continue;
    const [flag] = word.split('=');
    const option = known.get(flag);
    if (!option) return `${name} has no option ${flag}`;
    const next = flags[i + 1];
    if (option.required && !word.includes('=') && next?.startsWith('--'))
      return `${name}: ${flag} has no value`;
  }
  return undefined;
}

describe('calls of lowrank in the documents', () => {
  const all = [pageOf('README.md'), ...pages()].flatMap(({ path, text }) =>
    callsOf(text).map((call) => [path, call] as const),
  );

  it('are found', () => {
    expect(all.length).toBeGreaterThan(30);
  });

  it.each(all)('%s: lowrank %s', (_, call) => {
    expect(problemOf(call)).toBeUndefined();
  });

  it.each([
    ['trian --model m.gguf', 'no command trian'],
    ['train --modle m.gguf', 'train has no option --modle'],
    ['train --model --data x', 'train: --model has no value'],
    ['train --model m.gguf --data x > log', undefined],
  ])('the check of %s says: %s', (call, problem) => {
    expect(problemOf(call)).toBe(problem);
  });
});
