/** What the language-model page knows: its parts show it, and what can be done is in `actions.ts`. */
import { computed, signal } from '@preact/signals';
import type {
  AdapterInfo,
  Loading,
  ModelFacts,
  ModelView,
  Row,
  RowView,
  Stored,
  TeachOutcome,
  TeachSettings,
} from './api.js';
import { type Course, NO_COURSE } from './curve.js';
import { type Effort, effortOf, heldOutRows, settingsOf } from './efforts.js';
import { canBeTaught } from './examples/rows.js';
import type { RecordedRun } from './recorded/recordedRun.js';

/** What was found in the files that a person chose. */
export type OwnModel =
  | { readonly state: 'looking' }
  | { readonly state: 'refused'; readonly why: string }
  | { readonly state: 'known'; readonly facts: ModelFacts };

export const stored = signal<Stored | undefined>(undefined);
export const loading = signal<Loading | undefined>(undefined);
export const loadingFacts = signal<ModelFacts | undefined>(undefined);
export const model = signal<ModelView | undefined>(undefined);
export const isOwnModel = signal(false);
export const own = signal<OwnModel | undefined>(undefined);
/** Why the model could not be loaded, as a sentence. */
export const modelProblem = signal<string | undefined>(undefined);
export const isOnline = signal(navigator.onLine);

export const rows = signal<readonly Row[]>([]);
export const system = signal<string | undefined>(undefined);
/** The one that was chosen last. */
export const preset = signal<string | undefined>(undefined);
export const views = signal<ReadonlyMap<string, RowView>>(new Map());
/** There is something to count tokens with: it comes long before the weights. */
export const hasTokenizer = computed(
  () => model.value !== undefined || loadingFacts.value?.hasTokenizer === true,
);
export const taughtRows = computed(() => rows.value.filter(canBeTaught));

/** What suits the chosen set of examples; undefined where the examples are a person's own. */
export const suggestedSettings = signal<TeachSettings | undefined>(undefined);
/** A person's own; undefined while an effort decides. */
export const ownSettings = signal<TeachSettings | undefined>(undefined);
export const chosenEffort = signal<Effort | 'suggested'>('quick');
/** Fewer layers than all, where those would take so many seconds that they were chosen for a person who has not. */
export const fewerLayers = signal<{ readonly lastLayers: number; readonly insteadOf: number } | undefined>(
  undefined,
);
export function settingsFor(effort: Effort | 'suggested'): TeachSettings {
  const lastLayers = fewerLayers.value?.lastLayers;
  if (effort !== 'suggested') return settingsOf(effort, taughtRows.value.length, { lastLayers });
  const suggested = suggestedSettings.value;
  return suggested ? { ...suggested, lastLayers } : settingsFor('quick');
}
export const settings = computed(() => ownSettings.value ?? settingsFor(chosenEffort.value));
/** Undefined for a person's own settings. */
export const effort = computed(() => {
  const isSuggested = chosenEffort.value === 'suggested' && suggestedSettings.value !== undefined;
  if (isSuggested && !ownSettings.value) return 'suggested';
  return effortOf(settings.value, taughtRows.value.length);
});
export const heldOut = computed(() => heldOutRows(taughtRows.value.length, settings.value));
/** Seconds of a lesson, by its settings as JSON: measured when somebody asked. */
export const estimates = signal<ReadonlyMap<string, number>>(new Map());

/** The questions of the next lesson; the second one is a person's own. */
export const probes = signal<readonly string[]>([]);
/** Those that the lesson was asked whose answers are there. */
export const askedProbes = signal<readonly string[]>([]);
export const course = signal<Course>(NO_COURSE);
export const isTeaching = signal(false);
/** There is room for what it says beside what it is given. */
export const isWide = signal(false);
/** The answers of the lesson stand there, in place of the recorded ones. */
export const areAnswersBeside = computed(() => isWide.value && course.value.stops.length > 0);
export const isPaused = signal(false);
export const outcome = signal<TeachOutcome | undefined>(undefined);
export const unfinished = signal<{ readonly step: number; readonly steps: number } | undefined>(undefined);
export const adapter = signal<AdapterInfo | undefined>(undefined);

/** Undefined where this build has none. */
export const recorded = signal<RecordedRun | 'loading' | undefined>('loading');

/** What the model's own template says where there is no system prompt; undefined where that is nothing, or not known. */
export const defaultSystem = signal<string | undefined>(undefined);

/** Why nothing can be taught now, as a sentence. */
export const obstacle = computed(() => {
  if (loading.value) return 'The model is still loading.';
  if (!model.value) return 'There is no model yet.';
  if (taughtRows.value.length === 0) return 'There are no examples yet: write some, or choose a set above.';
  return undefined;
});
