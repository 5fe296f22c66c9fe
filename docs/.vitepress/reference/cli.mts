/** Writes reference/cli.md: what each command says of itself. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const PAGE = new URL('../../reference/cli.md', import.meta.url);

function help(...command: string[]): string {
  return execFileSync(process.execPath, [MAIN, ...command, '--help'], { encoding: 'utf8' }).trim();
}

/** The names below `Commands:`. */
function commandsIn(text: string): string[] {
  const [, list] = /^Commands:\n((?: {2}.*\n)+)/m.exec(text) ?? [];
  const names = Array.from((list ?? '').matchAll(/^ {2}([a-z]+)/gm), ([, name]) => name);
  if (names.length < 2) throw new Error('cli.md: the help text names no commands');
  return names.filter((name) => name !== 'help');
}

/** The lines below `Exit codes:`, code and meaning; a continued line belongs to the one before. */
function exitCodesIn(text: string): [code: string, meaning: string][] {
  const [, block] = /^Exit codes:\n((?: {2}.*(?:\n|$))+)/m.exec(text) ?? [];
  const rows = Array.from((block ?? '').matchAll(/^ {2}(\d+)\s+(.+(?:\n {7}.+)*)/gm), ([, code, meaning]) => [
    code,
    meaning.replace(/\s+/g, ' '),
  ]);
  if (rows.length < 3) throw new Error('cli.md: the help text of train names no exit codes');
  return rows as [string, string][];
}

const fenced = (text: string) => `\`\`\`text\n${text}\n\`\`\`\n`;

const program = help();
const commands = commandsIn(program);
const texts = new Map(commands.map((name) => [name, help(name)]));
const codes = exitCodesIn(texts.get('train') ?? '');

writeFileSync(
  PAGE,
  `---
outline: 2
---
# Command line

The command is \`lowrank\`. In a clone, \`npm ci && npm run build\` makes it, and \`npx lowrank\` runs it. It requires Node 20 or
newer, and nothing else.

Reports and texts go to standard output. Progress and notices go to standard error, and so does the one line that says what
is wrong. Files are written whole or not at all.

This page is made from what \`--help\` prints.

## Exit codes

| Code | Meaning |
| ---: | --- |
${codes.map(([code, meaning]) => `| ${code} | ${meaning} |`).join('\n')}

With \`DEBUG=1\` in the environment an error also prints its stack trace.
[Errors](./errors) lists the messages.

## All commands

${fenced(program)}
${Array.from(texts, ([name, text]) => `## lowrank ${name}\n\n${fenced(text)}`).join('\n')}`,
);
