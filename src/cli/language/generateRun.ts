/** Runs `lowrank generate`, from the files to the text. */
import type { Backend } from '../../core.js';
import { type GenerationResult, generate } from '../../generate/generate.js';
import { writeFileAtomic } from '../../node.js';
import { ensureWritableFile, jsonText } from '../json.js';
import { modelPath } from '../modelPath.js';
import { openDevice } from '../prepare.js';
import { standardInput } from '../standardInput.js';
import type { Streams } from '../streams.js';
import { addAdapters } from './adapters.js';
import type { GenerateCommand } from './generateOptions.js';
import { loadModel } from './loadModel.js';
import type { RunReporting } from './reporting.js';
import { samplingOf } from './samplingOptions.js';
import { systemWords } from './systemInForce.js';
import { tokenFigures, watchReader, writeText } from './textOutput.js';

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
  // When standard output is no longer read, the rest of the text is needed only for a file.
  const reader = toFile === undefined ? watchReader(stdout) : undefined;
  try {
    const signal = reader ? AbortSignal.any([reporting.signal, reader.signal]) : reporting.signal;
    const generation = await begin(device, prompt, options, { ...reporting, signal });
    if (json !== '-') await writeText(stdout, generation);
    const result = await generation.result();
    if (json === '-') stdout.write(jsonText(summaryOf(result)));
    if (toFile !== undefined)
      await writeFileAtomic(toFile, new TextEncoder().encode(jsonText(summaryOf(result))));
    if (!options.quiet) stderr.write(`${figures(result)}\n`);
  } finally {
    reader?.stop();
    device.dispose();
  }
}

async function begin(device: Backend, prompt: string, options: GenerateCommand, reporting: RunReporting) {
  const { progress, notice, signal } = reporting;
  const path = await modelPath(options, progress, signal);
  const { model, tokenizer } = await loadModel(device, path, options, reporting);
  const { system, chat } = options;
  await addAdapters(model, options.adapters, { path, notice, chat: chat ? { system } : undefined });
  if (chat) notice(`system message: ${systemWords(tokenizer, system)}`);
  else if (tokenizer.chatTemplate !== undefined)
    notice(
      "note: the prompt is continued as plain text; --chat makes it a user's message in the chat template",
    );
  const user = { role: 'user', content: prompt };
  const messages = system === undefined ? [user] : [{ role: 'system', content: system }, user];
  return generate(model, tokenizer, chat ? messages : prompt, { ...samplingOf(options), signal });
}

/** The shape is a contract: programs read it. */
function summaryOf({ text: whole, tokens, promptTokens, stoppedBy, tokensPerSecond }: GenerationResult) {
  return { text: whole, tokens, promptTokens, stoppedBy, tokensPerSecond };
}

function figures({ promptTokens, promptTokensPerSecond, ...text }: GenerationResult): string {
  const prompt = { tokens: promptTokens, tokensPerSecond: promptTokensPerSecond };
  return `prompt ${tokenFigures(prompt)}; text ${tokenFigures(text)}`;
}
