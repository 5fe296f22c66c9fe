/** `lowrank inspect` of a GGUF file: a model, or an adapter for llama.cpp. */
import { printable } from '../../base/printable.js';
import type { ByteSource } from '../../files/byteSource.js';
import { type OpenedGguf, openGguf } from '../../gguf/open.js';
import type { GgufValue } from '../../gguf/values.js';
import { readGgufConfig } from '../../models/modelSources.js';
import { tokenizerFromGguf } from '../../text/fromGguf.js';
import { integer } from '../format.js';
import type { Inspection } from '../inspect.js';
import { type InspectedTensor, tensorsTable } from '../tensorsTable.js';
import { modulesOf, modulesTable } from './adapterModules.js';
import {
  attempt,
  configFacts,
  type Fact,
  factLines,
  parametersOf,
  sizeOf,
  tokenizerFacts,
  tokenizerJson,
  typesText,
} from './modelFacts.js';

/** Characters of a text from a file, and of a path. */
const MAX_TEXT = 200;
const MAX_PATH = 500;

/**
 * The header's facts, and the tensors; no weight is read.
 * @throws DataError for a file that breaks a rule of the format
 */
export async function inspectGguf(source: ByteSource, file: string): Promise<Inspection> {
  const opened = await openGguf(source, file);
  const isAdapter = opened.metadata.get('general.type') === 'adapter';
  const { facts, lines, json } = isAdapter ? adapterParts(opened) : await modelParts(opened, file);
  const tensors: InspectedTensor[] = [...opened.tensors.values()].map(({ name, type, shape }) => {
    return { name, type, shape };
  });
  const all = [...opened.tensors.values()];
  const numbers = all.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const bytes = all.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const bits = numbers > 0 ? `; ${((8 * bytes) / numbers).toFixed(2)} bits per number` : '';
  const shown: Fact[] = [
    ['format', `GGUF ${opened.version}, ${integer(source.length)} bytes`],
    ...named(opened),
    ['tensors', `${typesText(all)}${bits}`],
    ...facts,
  ];
  const text = [
    printable(file, MAX_PATH),
    ...factLines(shown),
    ...lines,
    ...(tensors.length > 0 ? [tensorsTable(tensors)] : []),
    `${tensors.length} tensors, ${integer(numbers)} numbers`,
  ];
  const kind = isAdapter ? 'ggufAdapter' : 'gguf';
  return {
    text: `${text.join('\n')}\n`,
    json: {
      ...{ kind, file, bytes: source.length, numbers },
      ...json,
      metadata: metadataJson(opened),
      tensors,
    },
  };
}

interface Parts {
  readonly facts: readonly Fact[];
  readonly lines: readonly string[];
  readonly json: object;
}

function named({ metadata }: OpenedGguf): Fact[] {
  const facts: (readonly [string, GgufValue | undefined])[] = [
    ['name', metadata.get('general.name')],
    ['architecture', metadata.get('general.architecture')],
    ['license', metadata.get('general.license')],
  ];
  return facts.flatMap(([name, value]) =>
    value === undefined ? [] : [[name, printable(`${shortValue(value)}`, MAX_TEXT)] as const],
  );
}

async function modelParts(opened: OpenedGguf, file: string): Promise<Parts> {
  const config = await attempt(() => readGgufConfig(opened, file));
  const tokenizer = await attempt(() => tokenizerFromGguf(opened.metadata, file));
  const kinds = ['model', 'pre'].map((key) => opened.metadata.get(`tokenizer.ggml.${key}`));
  const kind = kinds.filter((each) => typeof each === 'string').join(', ');
  const notes = [config.why, tokenizer.why].filter((why) => why !== undefined);
  return {
    facts: [
      ...(config.value ? configFacts(config.value) : rawFacts(opened)),
      ...(tokenizer.value ? tokenizerFacts(tokenizer.value, kind) : []),
    ],
    lines: notes.map((why) => `note: not used here: ${printable(why, MAX_PATH)}`),
    json: {
      parameters: config.value ? parametersOf(config.value) : null,
      config: config.value ?? null,
      tokenizer: tokenizer.value ? tokenizerJson(tokenizer.value, kind) : null,
      notes,
    },
  };
}

function adapterParts({ metadata, tensors }: OpenedGguf): Parts {
  const modules = modulesOf(Array.from(tensors.values(), ({ name, type, shape }) => ({ name, type, shape })));
  const [type, alpha] = [metadata.get('adapter.type'), metadata.get('adapter.lora.alpha')];
  return {
    facts: [
      ['adapter', printable(`${type ?? 'of no type'}`, MAX_TEXT)],
      ['alpha', printable(`${alpha ?? 'none'}`, MAX_TEXT)],
    ],
    lines: modulesTable(modules),
    json: { adapterType: plain(type), alpha: plain(alpha), modules },
  };
}

/** The settings of an architecture that is not computed here, as the file has them. */
function rawFacts({ metadata }: OpenedGguf): Fact[] {
  const architecture = `${metadata.get('general.architecture')}.`;
  return [...metadata]
    .filter(([key]) => key.startsWith(architecture))
    .slice(0, MOST_SETTINGS)
    .map(([key, value]) => [
      printable(key.slice(architecture.length), MAX_TEXT),
      printable(shortValue(value), MAX_TEXT),
    ]);
}

const MOST_SETTINGS = 40;

function shortValue(value: GgufValue): string {
  return typeof value === 'object' ? `${integer(value.length)} values` : `${value}`;
}

/** The metadata for programs; long lists only by their length. */
function metadataJson({ metadata }: OpenedGguf): object {
  return Object.fromEntries(
    Array.from(metadata, ([key, value]) => [
      key,
      typeof value === 'object' && value.length > MOST_VALUES ? { values: value.length } : plain(value),
    ]),
  );
}

const MOST_VALUES = 64;

/** A value as JSON can hold it. */
function plain(value: GgufValue | undefined): unknown {
  if (typeof value === 'bigint') return `${value}`;
  if (typeof value === 'object') return Array.from(value as ArrayLike<GgufValue>, plain);
  return value ?? null;
}
