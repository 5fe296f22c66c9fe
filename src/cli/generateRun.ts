/** What `lowrank generate` does, from the files to the text. */
import { printable } from '../base/printable.js';
import { type Backend, DataError, setActiveAdapters, setAdapterScale } from '../core.js';
import { type GenerationResult, generate } from '../generate/generate.js';
import { loadAdapter } from '../index.js';
import type { LlamaForCausalLM } from '../models/llama.js';
import { loadLanguageModel } from '../models/load.js';
import { writeFileAtomic } from '../node.js';
import { integer, rate } from './format.js';
import type { AdapterAt, GenerateCommand } from './generateOptions.js';
import { ensureWritableFile, jsonText } from './json.js';
import { modelPath, shown } from './modelPath.js';
import { openDevice } from './prepare.js';
import type { Progress } from './progress.js';
import { standardInput } from './standardInput.js';
import type { Streams } from './streams.js';

export interface RunReporting {
  readonly progress: Progress;
  readonly notice: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Opens everything before the long work, generates, and writes text and figures. */
export async function runGenerate(
  options: GenerateCommand,
  { stdout, stderr }: Streams,
  reporting: RunReporting,
): Promise<void> {
  const { json } = options;
  const toFile = json !== undefined && json !== '-' ? await ensureWritableFile(json) : undefined;
  const prompt = options.prompt === '-' ? await standardInput(reporting.signal) : options.prompt;
  const { device } = await openDevice(options);
  const reader = watchReader(stdout, toFile === undefined);
  try {
    const signal = AbortSignal.any([reporting.signal, reader.signal]);
    const generation = await begin(device, prompt, options, { ...reporting, signal });
    let isAtLineStart = true;
    for await (const piece of generation) {
      if (json === '-') continue;
      stdout.write(stdout.isTTY ? harmless(piece) : piece);
      isAtLineStart = piece.endsWith('\n');
    }
    if (!isAtLineStart) stdout.write('\n');
    const result = await generation.result();
    if (json === '-') stdout.write(jsonText(summaryOf(result)));
    if (toFile !== undefined)
      await writeFileAtomic(toFile, new TextEncoder().encode(jsonText(summaryOf(result))));
    if (!options.quiet) stderr.write(`${figures(result)}\n`);
  } finally {
    reader.stop();
    device.dispose();
  }
}

/** Where nobody reads standard output any more (`| head`), the rest of the text is wanted for a file only. */
function watchReader(stdout: NodeJS.WriteStream, isWantedAlone: boolean) {
  const controller = new AbortController();
  const listener = () => controller.abort();
  if (isWantedAlone) stdout.on('error', listener);
  return { signal: controller.signal, stop: () => stdout.off('error', listener) };
}

async function begin(device: Backend, prompt: string, options: GenerateCommand, reporting: RunReporting) {
  const { progress, notice, signal } = reporting;
  const path = await modelPath(options.model, progress, signal);
  const { model, tokenizer, notes } = await shown('load', progress, (onBytes) =>
    loadLanguageModel(device, path, { weights: options.weights, onBytes, signal }),
  );
  for (const note of notes) notice(`note: ${note}`);
  await addAdapters(model, options.adapters, notice);
  const { system, chat } = options;
  const user = { role: 'user', content: prompt };
  const messages = system === undefined ? [user] : [{ role: 'system', content: system }, user];
  return generate(model, tokenizer, chat ? messages : prompt, samplingOf(options, signal));
}

function samplingOf(options: GenerateCommand, signal: AbortSignal) {
  const { maxTokens, temperature, topK, topP, minP, repetitionPenalty, seed, stop, allowSpecial } = options;
  return { maxTokens, temperature, topK, topP, minP, repetitionPenalty, seed, stop, allowSpecial, signal };
}

async function addAdapters(
  model: LlamaForCausalLM,
  adapters: readonly AdapterAt[],
  notice: (text: string) => void,
): Promise<void> {
  const names: string[] = [];
  for (const [i, { directory, scale }] of adapters.entries()) {
    const name = `adapter${i + 1}`;
    const { notes, layers } = await loadAdapter(model, directory, { name });
    // One that changes no layer would be served as the base.
    if (layers.size === 0) throw new DataError(`${directory}: adapts no layer of this model`);
    for (const note of notes) notice(`note: ${note}`);
    setAdapterScale(model, name, scale);
    names.push(name);
  }
  if (names.length > 0) setActiveAdapters(model, names);
}

/** The shape is a contract: programs read it. */
function summaryOf({ text: whole, tokens, promptTokens, stoppedBy, tokensPerSecond }: GenerationResult) {
  return { text: whole, tokens, promptTokens, stoppedBy, tokensPerSecond };
}

function figures({ tokens, promptTokens, tokensPerSecond, promptTokensPerSecond }: GenerationResult): string {
  const count = (of: number, perSecond: number) =>
    `${integer(of)} ${of === 1 ? 'token' : 'tokens'}${perSecond > 0 ? `, ${rate(perSecond)} tokens/s` : ''}`;
  return `prompt ${count(promptTokens, promptTokensPerSecond)}; text ${count(tokens, tokensPerSecond)}`;
}

/** Characters that a terminal would act on, but for newlines and tabs, are shown as what they are. */
function harmless(piece: string): string {
  return piece.replace(/[^\n\t]/gu, (character) => printable(character));
}
