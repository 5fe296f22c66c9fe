/** Why a file is refused, in one sentence for the person who chose it; the library's own words are for programmers. */

export interface RefusedFile {
  readonly name: string;
  readonly bytes: number | undefined;
  /** The bytes that it should have, if known. */
  readonly whole: number | undefined;
  /** Bytes of memory that the device offers, if the browser says. */
  readonly offered?: number | undefined;
}

const mb = (bytes: number) => Math.round(bytes / 1e6);

const gb = (bytes: number) => (bytes / 1e9).toFixed(1).replace(/\.0$/, '');

function tooLarge(needed: number, offered: number | undefined): string {
  const device = offered === undefined ? '' : ` and this device ${gb(offered)} GB`;
  return `Needs ${gb(needed)} GB, a tab has at most 4 GB${device}. Choose a smaller model.`;
}

type Rule = readonly [pattern: RegExp, say: (found: RegExpExecArray, file: RefusedFile) => string];

const RULES: readonly Rule[] = [
  [
    /(?:general\.architecture|model_type) must be one of ([^:]*): (?:it is missing|it names none)/,
    () => 'This file does not say what kind of model it is.',
  ],
  [
    /(?:general\.architecture|model_type) must be one of ([^:]*): (.+)$/,
    ([, known, found]) => `${found} is not supported yet: ${known.replace(/, (?=[^,]*$)/, ' and ')} are.`,
  ],
  [
    /this tensor type is not supported: (\w+).*, (\d+ of \d+) tensors/,
    ([, type, share]) =>
      `This file has ${/^\d/.test(type) ? 'unknown' : type} tensors (${share}), not supported yet. Q8_0, Q4_1 or F16 of the same model works.`,
  ],
  [/its weights need (\d+) MiB as/, ([, mib], { offered }) => tooLarge(Number(mib) * 2 ** 20, offered)],
  [
    /are beyond the file's/,
    (_, { bytes = 0, whole }) =>
      whole === undefined
        ? `The file ends at ${mb(bytes)} MB, before its weights do. Download it again.`
        : `The file ends at ${mb(bytes)} of ${mb(whole)} MB. Download it again.`,
  ],
  [/truncated|cut short|unexpected end/i, () => 'The file ends too early. Download it again.'],
  [/header.*(larger than|at most)/, () => 'The header of this file is larger than that of any model.'],
  [/is not a GGUF file: (.+)$/, ([, what]) => `This is not a GGUF file: ${what}.`],
  [/experts are not supported/, () => 'Mixture-of-experts models are not supported yet.'],
  [
    /is one of \S+ parts of a model/,
    () => 'This is one part of a model in several files. Merge them first (llama-gguf-split --merge).',
  ],
];

export function refusal(error: unknown, file: RefusedFile): string {
  const message = error instanceof Error ? error.message : String(error);
  for (const [pattern, say] of RULES) {
    const found = pattern.exec(message);
    if (found) return say(found, file);
  }
  // The library's words are better than none.
  return `${file.name} cannot be used: ${message.replace(/\.$/, '')}.`;
}
