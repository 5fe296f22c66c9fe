/** `lowrank inspect` of a model folder: its config, its tokenizer, and the headers of its safetensors files. */
import { printable } from '../../base/printable.js';
import type { FileSource } from '../../files/fileSource.js';
import { readModelConfig } from '../../models/modelSources.js';
import { directoryFiles } from '../../node/directoryFiles.js';
import { openModel } from '../../safetensors/open.js';
import { readFacts } from '../../text/fromFiles.js';
import { Tokenizer } from '../../text/tokenizer.js';
import { integer } from '../format.js';
import type { Inspection } from '../inspect.js';
import { tensorsTable } from '../tensorsTable.js';
import {
  attempt,
  configFacts,
  factLines,
  parametersOf,
  sizeOf,
  tokenizerFacts,
  tokenizerJson,
  typesText,
} from './modelFacts.js';

/** Characters of a path. */
const MAX_PATH = 500;

/**
 * Inspects a model folder. No weight is read: the norms of a large model would take minutes.
 * @throws DataError where the safetensors files are missing or not what they claim
 */
export async function inspectFolder(path: string): Promise<Inspection> {
  const files = directoryFiles(path);
  const { tensors: opened } = await openModel(files);
  const config = await attempt(() => readModelConfig(files));
  const read = await attempt(() => tokenizerOf(files));
  const all = Array.from(opened, ([name, { dtype, shape, byteLength }]) => ({
    ...{ name, type: dtype, shape, byteLength },
  }));
  const numbers = all.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const bytes = all.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const tensors = all.map(({ name, type, shape }) => ({ name, type, shape }));
  const notes = [config.why, read.why].filter((why) => why !== undefined);
  const lines = [
    printable(path, MAX_PATH),
    ...factLines([
      ...(config.value ? ([['architecture', config.value.modelType]] as const) : []),
      ['tensors', `${typesText(all)}; ${integer(bytes)} bytes`],
      ...(config.value ? configFacts(config.value) : []),
      ...(read.value ? tokenizerFacts(read.value.tokenizer, read.value.kind) : []),
    ]),
    ...notes.map((why) => `note: not used here: ${printable(why, MAX_PATH)}`),
    ...(tensors.length > 0 ? [tensorsTable(tensors)] : []),
    `${tensors.length} tensors, ${integer(numbers)} numbers; norms are shown of a single file: give its path`,
  ];
  const json = {
    ...{ kind: 'folder', path, bytes, numbers },
    parameters: config.value ? parametersOf(config.value) : null,
    config: config.value ?? null,
    tokenizer: read.value ? tokenizerJson(read.value.tokenizer, read.value.kind) : null,
    ...{ notes, tensors },
  };
  return { text: `${lines.join('\n')}\n`, json };
}

async function tokenizerOf(files: FileSource): Promise<{ tokenizer: Tokenizer; kind: string }> {
  const facts = await readFacts(files);
  return { tokenizer: new Tokenizer(facts, `${files.name}/tokenizer.json`), kind: facts.json.model.type };
}
