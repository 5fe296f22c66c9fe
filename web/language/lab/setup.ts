/** What a lesson requires before its first step: rows, an adapter on its own model, an optimizer. */
import { AdamW, applyLora, DataError, type LoraAdapter, type Parameter, Random } from 'lowrank';
import { type LlamaForCausalLM, PackedRows, splitExamples } from 'lowrank/text';
import type { Lesson, TeachSettings } from '../api.js';
import { type TokenRow, trainableRows } from './describe.js';
import type { OpenedModel } from './opened.js';

/** Fewest rows of which some are held out; fewer are all taught. */
const LEAST_TO_HOLD_OUT = 20;
const [LEAST_HELD_OUT, MOST_HELD_OUT] = [2, 20];

/**
 * Tokens of a row above which blocks are recomputed in the backward pass, to the same values: with those of SmolLM2-135M kept, a row of
 * 256 tokens took the tab to 860 MB, and one of 150 to 685.
 */
const LONG_ROW = 160;

export interface LessonSetup {
  readonly model: LlamaForCausalLM;
  readonly adapter: LoraAdapter;
  /** The trained parameters. */
  readonly parameters: readonly Parameter[];
  readonly optimizer: AdamW;
  readonly taught: readonly TokenRow[];
  readonly heldOut: readonly TokenRow[];
  readonly rows: PackedRows;
  readonly steps: number;
  readonly stepsPerPass: number;
}

/** @throws DataError if no row can be taught, RangeError for invalid settings, the signal's reason */
export async function setUp(opened: OpenedModel, lesson: Lesson, signal: AbortSignal): Promise<LessonSetup> {
  const turn = async () => {
    await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
  };
  const { settings, system } = lesson;
  const { maxLength, trainsPrompts } = settings;
  const all = trainableRows(opened.tokenizer, lesson.rows, { system, maxLength, trainsPrompts });
  if (all.length === 0) throw new DataError('There is no example that can be taught: write one first.');
  const { taught, heldOut } = split(all, settings);
  await turn();
  const rows = new PackedRows(
    opened.device,
    taught.map(({ example }) => example),
    { batchSize: settings.batch, maxLength, window: opened.base.config.slidingWindow },
  );
  const { rank, alpha, seed, learningRate, epochs } = settings;
  const stepsIn = (passes: number) =>
    rows.stepCount({ batchSize: 1, epochs: passes, random: new Random(seed).split('shuffle') });
  const steps = stepsIn(epochs);
  await turn();
  const model = opened.twin();
  const config = { rank, alpha, seed, targetModules: targets(model, settings) };
  const adapter = await applyLora(model, config).catch((error: unknown) => {
    opened.takeBack(model, 'none');
    throw error;
  });
  try {
    model.model.gradientCheckpointing = settings.isMemoryTight || rows.report.rowTokens > LONG_ROW;
    const parameters = adapter.parameters();
    const optimizer = new AdamW(parameters, { learningRate, weightDecay: 0 });
    const stepsPerPass = stepsIn(1);
    return { model, adapter, parameters, optimizer, taught, heldOut, rows, steps, stepsPerPass };
  } catch (error) {
    opened.takeBack(model, 'an adapter');
    throw error;
  }
}

function split(
  rows: readonly TokenRow[],
  { heldOut, seed }: TeachSettings,
): { readonly taught: readonly TokenRow[]; readonly heldOut: readonly TokenRow[] } {
  if (rows.length < LEAST_TO_HOLD_OUT || heldOut <= 0) return { taught: rows, heldOut: [] };
  const count = Math.min(MOST_HELD_OUT, Math.max(LEAST_HELD_OUT, Math.round(heldOut * rows.length)));
  const { train, valid } = splitExamples(rows, { share: count / rows.length, seed });
  return { taught: train, heldOut: valid };
}

/** The linear layers of the last blocks, or of all blocks. */
function targets({ config }: LlamaForCausalLM, { lastLayers }: TeachSettings): RegExp | 'all-linear' {
  if (lastLayers === undefined || lastLayers >= config.layers) return 'all-linear';
  const blocks = Array.from({ length: lastLayers }, (_, i) => config.layers - 1 - i);
  return new RegExp(`^model\\.layers\\.(${blocks.join('|')})\\.(self_attn|mlp)\\.\\w+_proj$`);
}
