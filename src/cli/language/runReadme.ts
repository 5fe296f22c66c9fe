/** The README.md of a run folder: what was trained on what, the results, and how to load the adapter elsewhere. */
import { printable } from '../../base/printable.js';
import { integer } from '../format.js';
import {
  type BasePlace,
  llamaCppLine,
  modelfileLines,
  peftLines,
  shellWord,
  transformersLines,
} from './loadingText.js';
import { code, fenced, text as plain, tableOf } from './markdown.js';
import { type PromptFormat, SAME_FORMAT } from './promptFormat.js';

export interface RunBase extends BasePlace {
  /** Name of the model in its files. */
  readonly name: string;
  /** Frozen and packed weights too, tied ones once. */
  readonly parameters: number;
  /** A digest of its files, such as `sha256 9f86d0…`. Default: not said. */
  readonly fingerprint?: string | undefined;
  /** Its repository on the Hugging Face Hub, `owner/name`. Default: not said. */
  readonly repository?: string | undefined;
}

export interface RunAdapter {
  /** `LoRA`, `DoRA`, … */
  readonly kind: string;
  readonly rank: number;
  readonly alpha: number;
  readonly parameters: number;
  /** Module names, such as `q_proj`. */
  readonly targets: readonly string[];
  /** Whether a GGUF adapter holds it: no DoRA, no biases, no modules that are trained as a whole. */
  readonly fitsGguf: boolean;
}

export interface RunData {
  /** `training`, `validation`, … */
  readonly part: string;
  readonly file: string;
  readonly examples: number;
  readonly tokens: number;
  readonly trainedTokens: number;
}

/** Scores as `evaluateLanguageModel` gives them. */
export interface RunScores {
  readonly loss: number;
  readonly perplexity: number;
  readonly bitsPerByte: number;
  readonly accuracy: number;
}

export interface RunResult {
  /** `held-out examples`, `general questions`, … */
  readonly part: string;
  readonly before: RunScores | null;
  readonly after: RunScores | null;
}

/** Facts of a finished run. Every text in them may come from an untrusted source. */
export interface RunFacts {
  readonly base: RunBase;
  readonly adapter: RunAdapter;
  readonly data: readonly RunData[];
  readonly results: readonly RunResult[];
  /** Settings by name, in the order in which they are shown; undefined ones are left out. */
  readonly settings: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly steps: number;
  readonly seconds: number;
  /** How a conversation is written for the model; undefined where it was trained on none. */
  readonly format?: PromptFormat | undefined;
  /** The system message that was in force. Default: none. */
  readonly system?: string | undefined;
  /** The version of lowrank, such as `0.2.0`. */
  readonly version: string;
}

/** The whole file, in Markdown, with a newline at its end. Its commands are for a shell in the run folder. */
export function runReadme(facts: RunFacts): string {
  return [
    ...frontMatter(facts.base),
    ...head(facts),
    ...section('Data', [dataTable(facts.data)]),
    ...section('Results', [resultsTable(facts.results)]),
    ...section('Settings', [settingsTable(facts.settings)]),
    ...formatted(facts.format),
    ...loading(facts),
  ].join('\n');
}

function section(heading: string, lines: readonly string[], level = '##'): string[] {
  return [`${level} ${heading}`, '', ...lines, ''];
}

/** The metadata that the Hub reads; a base that is not a repository is left out, as it would be refused there. */
function frontMatter({ repository }: RunBase): string[] {
  const isRepository = repository !== undefined && /^[\w.-]+\/[\w.-]+$/.test(repository);
  const base = isRepository ? [`base_model: ${repository}`] : [];
  return ['---', ...base, 'library_name: peft', 'tags:', '  - lora', '  - lowrank', '---', ''];
}

function head({ base, adapter, steps, seconds, system, version }: RunFacts): string[] {
  const { kind, rank, alpha, parameters, targets } = adapter;
  const share = base.parameters > 0 ? ((100 * parameters) / base.parameters).toFixed(2) : '0';
  const facts = [
    `Base model: ${code(base.name)}, ${integer(base.parameters)} parameters`,
    `File: ${code(base.path)}${base.fingerprint === undefined ? '' : ` (${code(base.fingerprint)})`}`,
    `Adapter: ${plain(kind)}, rank ${rank}, alpha ${alpha}, ${integer(parameters)} parameters (${share} %)`,
    `Adapted modules: ${targets.map((name) => code(name)).join(', ') || 'none'}`,
    `Training: ${integer(steps)} steps in ${integer(Math.round(seconds))} s, by lowrank ${code(version)}`,
    `System message: ${system === undefined ? 'none' : code(system)}`,
  ];
  return [`# An adapter of ${code(base.name)}`, '', ...facts.map((fact) => `- ${fact}`), ''];
}

function dataTable(data: readonly RunData[]): string {
  const rows = data.map(({ part, file, examples, tokens, trainedTokens }) => [
    ...[plain(part), code(file), integer(examples), integer(tokens), integer(trainedTokens)],
  ]);
  return tableOf(['part', 'file', 'examples', 'tokens', 'trained tokens'], rows, 2);
}

/** Each measure with its digits. */
const MEASURES: readonly (readonly [keyof RunScores, string, (value: number) => string])[] = [
  ['loss', 'loss (nats per trained token)', (value) => value.toFixed(4)],
  ['perplexity', 'perplexity', (value) => value.toFixed(2)],
  ['bitsPerByte', 'bits per byte', (value) => value.toFixed(4)],
  ['accuracy', 'token accuracy', (value) => `${(100 * value).toFixed(1)} %`],
];

function resultsTable(results: readonly RunResult[]): string {
  if (results.length === 0) return 'Nothing was held out, so nothing was measured.';
  const rows = results.flatMap(({ part, before, after }) =>
    MEASURES.map(([key, label, shown], i) => [
      i === 0 ? plain(part) : '',
      label,
      before ? shown(before[key]) : '',
      after ? shown(after[key]) : '',
    ]),
  );
  return tableOf(['examples', 'measure', 'before', 'after'], rows, 2);
}

function settingsTable(settings: RunFacts['settings']): string {
  const known = Object.entries(settings).filter(([, value]) => value !== undefined);
  return tableOf(
    ['setting', 'value'],
    known.map(([name, value]) => [code(name), code(`${value}`)]),
    2,
  );
}

/** How a program loads the adapter. */
function program(name: string, lines: readonly string[]): string[] {
  return section(name, lines, '###');
}

/** The prompt format and the end tokens, which another program must use as the training did. */
function formatted(format: PromptFormat | undefined): string[] {
  if (!format) return [];
  const { example, stops } = format;
  const ends = stops.map((stop) => code(stop)).join(' or ') || 'none';
  return section('Prompt format', [
    SAME_FORMAT,
    '',
    fenced('', printableLines(example)),
    '',
    `Tokens that end an answer: ${ends}`,
  ]);
}

/** Line by line, harmless for a terminal. */
function printableLines(shown: string): string[] {
  return shown.split('\n').map((line) => printable(line, Number.MAX_SAFE_INTEGER));
}

function loading({ base, adapter: { fitsGguf }, format }: RunFacts): string[] {
  const stops = format?.stops ?? [];
  const model = shellWord(base.path);
  const chat = `lowrank chat --model ${model} --adapter .`;
  return [
    ...section('How to use it', ['The commands are for a shell in this folder.']),
    ...program('lowrank', [fenced('sh', [chat])]),
    ...program('PEFT', [
      fenced('python', peftLines(base, '.')),
      ...(base.kind === 'gguf' ? ['', 'transformers reads GGUF files with `pip install gguf`.'] : []),
    ]),
    ...(fitsGguf ? asAdapter(base, stops) : asModel(base, stops)),
  ];
}

function asAdapter({ kind, path }: RunBase, stops: readonly string[]): string[] {
  const model = kind === 'gguf' ? path : 'BASE.gguf';
  const exported = `lowrank export --model ${shellWord(path)} --adapter . --to gguf`;
  const needed = kind === 'gguf' ? [] : ['`BASE.gguf` is the same base as a GGUF file.', ''];
  return [
    ...program('llama.cpp', [...needed, fenced('sh', [exported, llamaCppLine(model, 'adapter.gguf')])]),
    ...program('Ollama', [
      'After the export, with this `Modelfile` (`ollama create NAME -f Modelfile`):',
      '',
      fenced('', modelfileLines(model, 'adapter.gguf', stops)),
    ]),
  ];
}

/** Instructions for an adapter that GGUF adapters cannot hold: merge it into the model. */
function asModel({ path }: RunBase, stops: readonly string[]): string[] {
  const merge = `lowrank export --model ${shellWord(path)} --adapter . --to merged`;
  return [
    ...program('llama.cpp', [
      'A GGUF adapter does not hold this kind of adapter: it is merged into the model.',
      '',
      fenced('sh', [`${merge} --out merged.gguf`, llamaCppLine('merged.gguf')]),
    ]),
    ...program('Ollama', [
      'After the export, with this `Modelfile` (`ollama create NAME -f Modelfile`):',
      '',
      fenced('', modelfileLines('merged.gguf', undefined, stops)),
    ]),
    ...program('transformers', [
      fenced('sh', [merge]),
      '',
      fenced('python', transformersLines({ kind: 'folder', path: 'merged' })),
    ]),
  ];
}
