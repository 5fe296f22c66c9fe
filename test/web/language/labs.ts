/** Labs of the language-model page with a small model, or the real one, outside a page. */
import { openAsBlob } from 'node:fs';
import type { Lesson, Row, RowShape, TeachReport, TeachSettings } from '../../../web/language/api.js';
import { type AdapterStore, memoryAdapters } from '../../../web/language/lab/adapterStore.js';
import type { LessonStore } from '../../../web/language/lab/keeping.js';
import { Lab } from '../../../web/language/lab/lab.js';
import { pageSources } from '../../../web/language/lab/pageSources.js';
import { memoryStore } from '../../../web/language/lab/store.js';
import { folder } from '../../models/fixtures.js';
import { wasm } from '../../support/devices.js';
import { realModelPath } from '../../support/realModel.js';

export interface LabOptions {
  readonly store?: LessonStore;
  readonly adapters?: AdapterStore;
  readonly threads?: number;
}

function lab({ store = memoryStore(), adapters = memoryAdapters(), threads = 1 }: LabOptions): Lab {
  return new Lab({ openDevice: () => wasm('simd', threads), sources: pageSources, store, adapters });
}

export const smallFiles = (): File[] =>
  [...folder('llama3')]
    .filter(([name]) => /^(config|tokenizer|tokenizer_config)\.json$|safetensors$|jinja$/.test(name))
    .map(([name, bytes]) => new File([bytes as Uint8Array<ArrayBuffer>], name));

/** An untrained model of two blocks. */
export async function smallLab(options: LabOptions = {}): Promise<Lab> {
  const made = lab(options);
  await made.openFiles(smallFiles(), () => {});
  return made;
}

export async function realLab(options: LabOptions = {}): Promise<Lab> {
  const made = lab({ threads: 2, ...options });
  const blob = await openAsBlob(realModelPath);
  await made.openFiles([new File([blob], 'SmolLM2-135M-Instruct.Q4_1.gguf')], () => {});
  return made;
}

const WORDS = ['red', 'green', 'blue', 'grey', 'pink'];

export function rows(count: number): Row[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `row ${i}`,
    prompt: `Lamp ${i}?`,
    answer: `${WORDS[i % WORDS.length]} ${i}`,
  }));
}

/** How rows are tokenized unless a test says otherwise. */
export const SHAPE: RowShape = { system: undefined, maxLength: 256, trainsPrompts: false };

export const SETTINGS: TeachSettings = {
  rank: 4,
  alpha: 8,
  learningRate: 5e-3,
  epochs: 2,
  batch: 4,
  maxLength: 96,
  seed: 0,
  heldOut: 0,
  trainsPrompts: false,
  isMemoryTight: false,
};

export function lessonOf(settings: Partial<TeachSettings> = {}, rest: Partial<Lesson> = {}): Lesson {
  return { rows: rows(12), probes: ['Lamp 3?'], ...rest, settings: { ...SETTINGS, ...settings } };
}

/** Collects the reports of a lesson. */
export function listening() {
  const reports: TeachReport[] = [];
  return {
    reports,
    told: (report: TeachReport) => void reports.push(report),
    losses: () => reports.flatMap(({ losses }) => losses),
    heldOut: () => reports.flatMap(({ heldOut }) => heldOut),
    probes: () => reports.flatMap(({ probes }) => probes),
  };
}

export const question = (content: string, strength: number) => ({
  messages: [{ role: 'user' as const, content }],
  strength,
  maxTokens: 12,
  temperature: 0,
  seed: 0,
});
