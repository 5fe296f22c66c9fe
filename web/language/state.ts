/** The state of the language-model page, which its sections show. */
import { computed, signal } from '@preact/signals';
import type {
  AdapterInfo,
  Loading,
  ModelFacts,
  ModelView,
  Row,
  RowShape,
  RowView,
  Stored,
  TeachOutcome,
  TeachSettings,
} from './api.js';
import { type Course, NO_COURSE } from './curve.js';
import { type Effort, effortOf, heldOutRows, settingsOf } from './efforts.js';
import { canBeTaught } from './examples/rows.js';
import { isSmallDevice } from './model/room.js';
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
/** Id of the preset that was chosen last. */
export const preset = signal<string | undefined>(undefined);
export const views = signal<ReadonlyMap<string, RowView>>(new Map());
/** Whether tokens can be counted: the tokenizer arrives long before the weights. */
export const hasTokenizer = computed(
  () => model.value !== undefined || loadingFacts.value?.hasTokenizer === true,
);
export const taughtRows = computed(() => rows.value.filter(canBeTaught));

/** Recommended settings of the chosen set; undefined for the visitor's own examples. */
export const suggestedSettings = signal<TeachSettings | undefined>(undefined);
/** The visitor's own settings; undefined while an effort decides. */
export const ownSettings = signal<TeachSettings | undefined>(undefined);
export const chosenEffort = signal<Effort | 'suggested'>('quick');
/** Fewer layers, chosen automatically because all of them would take `insteadOf` seconds. */
export const fewerLayers = signal<{ readonly lastLayers: number; readonly insteadOf: number } | undefined>(
  undefined,
);
/** Whether blocks are computed twice unless the visitor decides otherwise: it takes longer, to the same result. */
export const sparesMemory = signal(isSmallDevice());
export function settingsFor(effort: Effort | 'suggested'): TeachSettings {
  const forDevice = { lastLayers: fewerLayers.value?.lastLayers, isMemoryTight: sparesMemory.value };
  if (effort !== 'suggested') return settingsOf(effort, taughtRows.value.length, forDevice);
  const suggested = suggestedSettings.value;
  return suggested ? { ...suggested, ...forDevice } : settingsFor('quick');
}
export const settings = computed(() => ownSettings.value ?? settingsFor(chosenEffort.value));
/** How rows are tokenized with these settings. */
export const shape = computed((): RowShape => {
  const { maxLength, trainsPrompts } = settings.value;
  return { system: system.value, maxLength, trainsPrompts };
});
/** The current effort; undefined for the visitor's own settings. */
export const effort = computed(() => {
  const isSuggested = chosenEffort.value === 'suggested' && suggestedSettings.value !== undefined;
  if (isSuggested && !ownSettings.value) return 'suggested';
  return effortOf(settings.value, taughtRows.value.length);
});
export const heldOut = computed(() => heldOutRows(taughtRows.value.length, settings.value));
/** Estimated seconds of a lesson, by its settings as JSON. */
export const estimates = signal<ReadonlyMap<string, number>>(new Map());

/** The questions of the next lesson; the second one is the visitor's own. */
export const probes = signal<readonly string[]>([]);
/** The questions of the lesson whose answers are shown. */
export const askedProbes = signal<readonly string[]>([]);
export const course = signal<Course>(NO_COURSE);
export const isTeaching = signal(false);
/** Whether there is room for the answers beside the panels. */
export const isWide = signal(false);
/** Whether the lesson's answers are shown there, in place of the recorded ones. */
export const areAnswersBeside = computed(() => isWide.value && course.value.stops.length > 0);
export const isPaused = signal(false);
export const outcome = signal<TeachOutcome | undefined>(undefined);
export const unfinished = signal<{ readonly step: number; readonly steps: number } | undefined>(undefined);
export const adapter = signal<AdapterInfo | undefined>(undefined);

/** The recorded lesson; undefined if this build has none. */
export const recorded = signal<RecordedRun | 'loading' | undefined>('loading');

/** System prompt of the model's own template; undefined if it has none, or it is not known. */
export const defaultSystem = signal<string | undefined>(undefined);

/** Why nothing can be taught now, as a sentence. */
export const obstacle = computed(() => {
  if (loading.value) return 'The model is still loading.';
  if (!model.value) return 'There is no model yet.';
  if (taughtRows.value.length === 0) return 'There are no examples yet: write some, or choose a set above.';
  return undefined;
});
