/** The final output of `lowrank export`: the files, and how other programs load them. */
import { resolve } from 'node:path';
import { printable } from '../../base/printable.js';
import { count } from '../format.js';
import type { ExportCommand } from './exportOptions.js';
import {
  type BasePlace,
  llamaCppLine,
  modelfileLines,
  peftLines,
  shellWord,
  transformersLines,
} from './loadingText.js';
import type { PromptFormat } from './promptFormat.js';

/** The shape is a contract: programs read it. */
export interface ExportSummary {
  readonly to: 'gguf' | 'merged' | 'peft';
  readonly out: string;
  readonly type: string;
  /** The size of all files together. */
  readonly bytes: number;
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  readonly adapters: ExportCommand['adapters'];
  /** The largest change of a weight by rounding, relative to the largest weight of its tensor; null where none was rounded. */
  readonly rounding: { readonly difference: number; readonly tensor: string } | null;
  readonly notes: readonly string[];
}

/** Maximum characters of a path. */
const MAX_PATH = 500;

/** Lines with a newline at the end of each. */
export function exportText(
  { form, out }: Pick<ExportCommand, 'form' | 'out'>,
  base: ExportedBase,
  { files, rounding }: ExportSummary,
): string {
  const lines = files.map(({ path, bytes }) => `${printable(path, MAX_PATH)}: ${count(bytes, 'byte')}`);
  if (rounding)
    lines.push(
      `rounding changed weights by at most ${rounding.difference.toExponential(1)} of the largest (${printable(rounding.tensor)})`,
    );
  const sections = [...SECTIONS[form](out, base), ...formatSection(base)];
  for (const [heading, body] of sections)
    lines.push('', heading, ...body.map((line) => (line === '' ? '' : `  ${line}`)));
  return `${lines.join('\n')}\n`;
}

/** The place of the base, and the form of its conversations. */
export interface ExportedBase extends BasePlace {
  readonly format: PromptFormat | undefined;
}

type Section = readonly [heading: string, lines: readonly string[]];

/** The form of a conversation; the template it is from may be a stranger's. */
function formatSection({ format }: ExportedBase): Section[] {
  if (!format) return [];
  const { example, stops } = format;
  const ends =
    stops.length > 0 ? [`answers end with ${stops.map((stop) => printable(stop)).join(' or ')}`] : [];
  const lines = example.split('\n').map((line) => printable(line, MAX_PATH));
  return [
    ['The form of a conversation, which every program must write and end as here', [...lines, ...ends]],
  ];
}

const OLLAMA = 'Ollama, with these lines in a Modelfile (ollama create NAME -f Modelfile)';

const SECTIONS: Readonly<Record<ExportCommand['form'], (out: string, base: ExportedBase) => Section[]>> = {
  gguf: (out, { kind, path, format }) => {
    // llama.cpp also requires the base as a GGUF file.
    const file = kind === 'gguf' ? path : 'BASE.gguf';
    const heading = kind === 'gguf' ? 'llama.cpp' : 'llama.cpp, with BASE.gguf the same base as a GGUF file';
    const from = kind === 'gguf' ? resolve(path) : file;
    return [
      [heading, [llamaCppLine(file, out)]],
      [OLLAMA, modelfileLines(from, resolve(out), format?.stops)],
    ];
  },
  model: (out, { format }) => [
    ['lowrank', [`lowrank generate --model ${shellWord(out)} --chat --prompt 'Hello'`]],
    ['llama.cpp', [llamaCppLine(out)]],
    [OLLAMA, modelfileLines(resolve(out), undefined, format?.stops)],
  ],
  folder: (out) => [
    ['lowrank', [`lowrank generate --model ${shellWord(out)} --chat --prompt 'Hello'`]],
    ['transformers, in Python', transformersLines({ kind: 'folder', path: out })],
  ],
  peft: (out, base) => [['PEFT, in Python', peftLines(base, out)]],
};
