/**
 * Draws the README's picture, docs/picture.svg: what the language page's recorded lesson said before and after, and the last lines of
 * the tutorial's report. `npm run picture`: nothing in it is written by hand.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RecordedRun, readRecorded } from '../web/language/recorded/recordedRun.js';

const root = new URL('../', import.meta.url);
const WIDTH = 880;
const HEIGHT = 430;
/** Characters of a line in a card, and in the terminal. */
const CARD_LINE = 46;
const TERMINAL_LINE = 104;
const REPORT_LINES = 7;

const COLOURS = `
  svg { font: 15px system-ui, sans-serif; }
  .ground { fill: #f4f6fb } .card { fill: #fff; stroke: #d5dae6 } .ink { fill: #1b2030 } .dim { fill: #5a6275 }
  .before { fill: #2b5fc0 } .after { fill: #b4480c } .terminal { fill: #171b26 } .line { fill: #dfe4f0; font: 12.5px ui-monospace, Menlo, Consolas, monospace }
  .title { font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #10131b } .card { fill: #1b2030; stroke: #333b50 } .ink { fill: #e8ecf6 } .dim { fill: #9aa3b8 }
    .before { fill: #7fa8f5 } .after { fill: #f09657 }
  }`;

const escaped = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

function text(x: number, y: number, kind: string, words: string): string {
  return `<text x="${x}" y="${y}" class="${kind}" xml:space="preserve">${escaped(words)}</text>`;
}

/** Words of `said` in lines of at most `width` characters. */
function wrapped(said: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of said.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

interface Card {
  readonly x: number;
  readonly kind: 'before' | 'after';
  readonly title: string;
  readonly said: string;
}

function card({ x, kind, title, said }: Card): string {
  const lines = wrapped(said, CARD_LINE).slice(0, 4);
  return [
    `<rect x="${x}" y="92" width="410" height="134" rx="8" class="card"/>`,
    `<rect x="${x}" y="92" width="4" height="134" class="${kind}"/>`,
    text(x + 20, 120, `${kind} title`, title),
    ...lines.map((line, i) => text(x + 20, 146 + 22 * i, 'ink', line)),
  ].join('\n');
}

/** The sentences under the tables of `lowrank mnist`. */
function reportLines(): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'lowrank-picture-'));
  try {
    const cli = new URL('dist/cli/main.js', root).pathname;
    const report = execFileSync('node', [cli, 'mnist', '--out', folder], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const lines = report.trimEnd().split('\n');
    const first = lines.findIndex((line) => line.trimStart().startsWith('parametrization:'));
    return lines.slice(first, first + REPORT_LINES).filter((line) => line.trim() !== '');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function picture({ probes, stops, rows, seconds, steps }: RecordedRun, report: readonly string[]): string {
  const before = stops[0].answers[0];
  const after = stops.at(-1)?.answers[0] ?? '';
  const about = `SmolLM2-135M, ${rows} examples, ${steps} steps in ${Math.round(seconds)} s on two cores`;
  const lines = ['$ npm start', ...report].map((line) => line.slice(0, TERMINAL_LINE));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Before and after a lesson, and the tutorial's report">
<style>${COLOURS}
</style>
<rect width="${WIDTH}" height="${HEIGHT}" rx="12" class="ground"/>
${text(24, 44, 'ink title', `“${probes[0]}”`)}
${text(24, 70, 'dim', about)}
${card({ x: 24, kind: 'before', title: 'Before', said: before })}
${card({ x: 446, kind: 'after', title: 'After', said: after })}
<rect x="24" y="248" width="832" height="158" rx="8" class="terminal"/>
${lines.map((line, i) => text(40, 276 + 22 * i, 'line', line)).join('\n')}
</svg>
`;
}

const recording = readFileSync(new URL('build/web-assets/recorded-cafe.json', root), 'utf8');
writeFileSync(new URL('docs/picture.svg', root), picture(readRecorded(recording), reportLines()));
console.log('docs/picture.svg');
