/** Writes reference/errors.md: the kinds of errors, and all messages of each, as the sources have them. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Message, messagesOf } from './messages.mjs';

const SOURCES = fileURLToPath(new URL('../../../src', import.meta.url));
const PAGE = new URL('../../reference/errors.md', import.meta.url);

const BEGIN = `---
outline: 2
---
# Errors

Every message is one sentence on one line, in the form \`operation: rule: values\` or \`file: place: rule: values\`. A message
says what was asked, which rule does not hold, and what was found instead. Errors are thrown before a kernel runs, so a
call that fails changes nothing, unless its documentation says otherwise.

The list below is made from the sources. \`…\` stands for a value: a name, a size, a file. The small text is the file that
makes the message.

## What to do with them {#what-to-do}

| Kind | Meaning | What a program does |
| --- | --- | --- |
| \`DataError\` | A file, a stream or an example is not what it claims to be, or cannot be read or written. | Shows the message to whoever gave the file. The same file fails again. |
| \`DeviceError\` | A device is missing, lacks a feature, has no memory left, or was lost. | Takes another device, or smaller batches. After a loss it opens a device again and continues from a checkpoint. |
| \`ShapeError\` | Shapes or lengths do not fit together. | Nothing: the program has a mistake. |
| \`NonFiniteError\` | A loss, a gradient or a model's output became NaN or infinite: \`what\` says which, and \`iteration\` when, in a training run. | Trains again with a lower learning rate, or with \`clipNorm\`. Where each step is read (WebAssembly), the weights are those before that iteration. |
| \`RangeError\` | An argument is out of its range, or names something that does not exist. | Nothing, or it shows the message where the value is a user's. |
| \`TypeError\` | An argument is of another type, or an option has a name that does not exist. | Nothing: the program has a mistake. |
| \`Error\` | A call comes at the wrong moment, such as a change of a model that is being trained. | Waits for the other call, or makes the calls in another order. |
| \`UsageError\`, \`Interrupted\` | Only on the command line: an option that is not possible, a run that a signal stopped. | A shell script reads the [exit code](./cli#exit-codes). |

\`DataError\`, \`DeviceError\`, \`ShapeError\` and \`NonFiniteError\` are exports of \`lowrank\`:

<<< @/programs/trained-tokens.ts#refused

Names inside a message may come from a file. They are shortened, and control characters in them are written as escapes, so a
message is safe to print. It is not safe as HTML: set it as text.
`;

/** In the order of the page. */
const KINDS = [
  'DataError',
  'DeviceError',
  'ShapeError',
  'NonFiniteError',
  'RangeError',
  'TypeError',
  'Error',
  'UsageError',
  'Interrupted',
] as const;

/** What the folders of src are about. */
const PLACES: Readonly<Record<string, string>> = {
  '': 'Devices, tensors and the entry points',
  autograd: 'Autograd',
  backends: 'Backends',
  base: 'Options and JSON',
  cli: 'Command line',
  data: 'Batches and datasets',
  files: 'Files',
  generate: 'Writing text',
  gguf: 'GGUF',
  lora: 'Adapters',
  mnist: 'MNIST',
  models: 'Language models',
  nn: 'Modules',
  node: 'Files and downloads in Node',
  ops: 'Operations',
  optim: 'Optimizers',
  safetensors: 'safetensors',
  text: 'Examples, tokenizers and chat templates',
  train: 'Training',
  web: 'Browsers',
};

function placeOf({ file }: Message): string {
  const folder = file.includes('/') ? file.slice(0, file.indexOf('/')) : '';
  const place = PLACES[folder];
  if (place === undefined) throw new Error(`errors.md: has no title for the folder src/${folder}`);
  return place;
}

/** A line of the list: a message and the files that make it. */
function item(text: string, files: readonly string[]): string {
  const hasFence = text.includes('`');
  const code = hasFence ? `\`\` ${text} \`\`` : `\`${text}\``;
  return `- ${code} <small>${files.join(', ')}</small>`;
}

/** The lines of a place, in alphabetical order. */
function itemsOf(messages: readonly Message[]): string[] {
  const files = new Map<string, string[]>();
  for (const { text, file } of messages) {
    const line = text.replace(/\s+/g, ' ').trim();
    files.set(line, [...new Set([...(files.get(line) ?? []), file])]);
  }
  return Array.from(files, ([text, names]) => item(text, names)).sort();
}

function section(kind: string, messages: readonly Message[]): string {
  const places = [...new Set(Object.values(PLACES))];
  const groups = places.flatMap((place) => {
    const lines = itemsOf(messages.filter((each) => placeOf(each) === place));
    if (lines.length === 0) return [];
    const id = `${kind}-${place}`.toLowerCase().replace(/[^a-z]+/g, '-');
    return [`### ${place} {#${id}}\n\n${lines.join('\n')}\n`];
  });
  return `## ${kind}\n\n${groups.join('\n')}`;
}

const all = messagesOf(SOURCES);
const unknown = all.find(({ kind }) => !KINDS.some((each) => each === kind));
if (unknown) throw new Error(`errors.md: has no section for ${unknown.kind}: ${unknown.file}`);
const sections = KINDS.map((kind) =>
  section(
    kind,
    all.filter((each) => each.kind === kind),
  ),
);
writeFileSync(PAGE, `${BEGIN}\n${sections.join('\n')}`);
