/** Why a file is not taken, in one sentence for the person who chose it; the library's own words are for those who program. */

export interface RefusedFile {
  readonly name: string;
  readonly bytes: number | undefined;
  /** What it should have, where that is known. */
  readonly whole: number | undefined;
}

const mb = (bytes: number) => Math.round(bytes / 1e6);

type Rule = readonly [pattern: RegExp, say: (found: RegExpExecArray, file: RefusedFile) => string];

const RULES: readonly Rule[] = [
  [
    /(?:general\.architecture|model_type) must be one of ([^:]*): (?:it is missing|it names none)/,
    () => 'This file does not say which kind of model it is.',
  ],
  [
    /(?:general\.architecture|model_type) must be one of ([^:]*): (.+)$/,
    ([, known, found]) => `${found} is not supported yet: ${known.replace(/, (?=[^,]*$)/, ' and ')} are.`,
  ],
  [
    /this type of tensor is not read: (\S+)/,
    ([, type]) =>
      `This file has ${/^\d/.test(type) ? 'unknown' : type} tensors, which are not supported yet. Q8_0, Q4_1 or F16 of the same model works.`,
  ],
  [
    /are beyond the file's/,
    (_, { bytes = 0, whole }) =>
      whole === undefined
        ? `The file ends at ${mb(bytes)} MB, before its weights do. Download it again.`
        : `The file ends at ${mb(bytes)} of ${mb(whole)} MB. Download it again.`,
  ],
  [/truncated|cut short|unexpected end/i, () => 'The file ends in the middle. Download it again.'],
  [/header.*(larger than|at most)/, () => 'The header of this file is larger than that of any model.'],
  [/is no GGUF file: (.+)$/, ([, what]) => `This is no GGUF file: ${what}.`],
  [/experts are not computed/, () => 'Models of several experts are not supported yet.'],
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
  // Better the library's words than none.
  return `${file.name} cannot be used: ${message.replace(/\.$/, '')}.`;
}
