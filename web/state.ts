/** The state of the page: the UI shows it, and `actions.ts` has what can be done. */
import { computed, effect, signal } from '@preact/signals';
import { proxy, type Remote } from 'comlink';
import { drawings, recallDrawings } from './drawings.js';
import type { Lab } from './lab/lab.js';
import type {
  Counts,
  DeviceView,
  LabelledImages,
  OnProgress,
  Prediction,
  Progress,
  SavedModel,
  Scores,
} from './lab/views.js';
import { ask, askReporting, startLab } from './labClient.js';
import { saved, setSaved } from './saved.js';
import { recall } from './storage.js';
import { busyWith, reasonOf, say, work } from './work.js';

export const device = signal<DeviceView | undefined>(undefined);
/** Whether the network is loaded, so that it answers and can be taught. */
export const ready = signal(false);
/** The 1,000 test images and 1,000 training images that come with the page, or why they did not arrive. */
export const quickDigits = signal<LabelledImages | Error | undefined>(undefined);
/** Whether this browser keeps nothing from an earlier visit; undefined until that is known. */
export const isNewHere = signal<boolean | undefined>(undefined);
/** All 70,000 images, which are downloaded on request. */
export const mnist = signal<'absent' | { done: number; total: number } | 'ready' | Error>('absent');
export const counts = signal<Counts | undefined>(undefined);
/** A network that was trained from scratch and waits to be accepted. */
export const candidate = signal<{ readonly scores: Scores; readonly stopped: boolean } | undefined>(
  undefined,
);
/** Whether it is offered; one that was turned down is kept for a while, so that this can be undone. */
export const isCandidateShown = signal(true);
export const adapterOn = signal(true);
export const progress = signal<Progress | undefined>(undefined);
/** Losses of the current or latest training run, by iteration. */
export const losses = signal<{
  readonly of: 'base' | 'teaching';
  readonly points: Progress['losses'];
}>({
  of: 'base',
  points: [],
});
/** The drawing on the pad in MNIST's form. */
export const drawn = signal<Uint8Array | undefined>(undefined);
export const prediction = signal<Prediction | undefined>(undefined);

export const hasQuick = computed(
  () => quickDigits.value !== undefined && !(quickDigits.value instanceof Error),
);
export const hasMnist = computed(() => mnist.value === 'ready');

/** What happened to the device or the worker, until that is repaired. */
let trouble: string | undefined;

/** Like `busyWith`, but silent about failures that a reported trouble causes. */
export async function doing(...[name, body, failed]: Parameters<typeof busyWith>): Promise<void> {
  await busyWith(name, body, (error) => {
    if (trouble === undefined) (failed ?? ((reason) => say('error', reasonOf(reason))))(error);
  });
  progress.value = undefined;
  void predictDrawn();
}

/** Repairs a trouble after the work that fails because of it. */
async function recover(reason: string, mend: () => Promise<string>): Promise<void> {
  if (trouble !== undefined) return;
  trouble = reason;
  const mending = async () => {
    trouble = undefined;
    const done = await mend();
    if (hasQuick.value) await test();
    say('note', `${reason}: ${done}`);
  };
  await doing('opening', mending, (error) => {
    const again = { label: 'Try again', run: () => void recover(reason, mend) };
    say('error', `${reason}, and starting again failed: ${reasonOf(error)}`, again);
  });
}

export const onLost = proxy((reason: string) => {
  // The adapter and the network are on the host too: WebAssembly continues with them.
  void recover(reason, async () => {
    device.value = await ask((lab) => lab.open('wasm', onLost));
    return 'going on with WebAssembly; what was trained before is still there';
  });
});

function onCrash(reason: string): void {
  const wasReady = ready.value;
  const lost = candidate.value ? ', but the new network that was not in use yet is gone' : '';
  ready.value = false;
  candidate.value = undefined;
  if (!wasReady) return;
  void recover(reason, async () => {
    const hadMnist = hasMnist.value;
    mnist.value = 'absent';
    startLab(onCrash);
    await open(saved.value);
    quickComing = undefined;
    await quickArrived();
    if (hadMnist) void fetchMnist();
    return `it was started again; what was taught before is still there${lost}`;
  });
}

export async function start(): Promise<void> {
  const drawingsAreThere = recallDrawings();
  startLab(onCrash);
  await doing(
    'opening',
    async () => {
      const kept = await recall(['base', 'adapter'], openLate);
      void drawingsAreThere.then(() => {
        isNewHere.value = !kept.adapter && drawings.value.length === 0;
      });
      await open(kept);
    },
    (error) => {
      const again = { label: 'Try again', run: () => void start() };
      say('error', `The network could not be loaded: ${reasonOf(error)}`, again);
    },
  );
  await drawingsAreThere;
  if (!ready.value) return;
  await quickArrived();
  await countIfPossible();
}

let quickComing: Promise<void> | undefined;

/** Resolves when the images that come with the page have arrived or failed; drawing and teaching do not require them. */
export function quickArrived(): Promise<void> {
  quickComing ??= fetchQuick();
  return quickComing;
}

async function fetchQuick(): Promise<void> {
  try {
    quickDigits.value = await ask((lab) => lab.fetchQuickDigits());
  } catch (error) {
    quickDigits.value = error instanceof Error ? error : new Error(String(error));
  }
}

export async function retryQuick(): Promise<void> {
  quickComing = undefined;
  await quickArrived();
  await countIfPossible();
}

async function countIfPossible(): Promise<void> {
  if (hasQuick.value) await doing('testing', test);
}

/** Opens what the browser returned late, unless there is something newer by then. */
function openLate(kept: SavedModel): void {
  if (kept.base === undefined && kept.adapter === undefined) return;
  void doing('loading', async () => {
    if (!ready.value || saved.value.base !== undefined || saved.value.adapter !== undefined) return;
    await install(kept);
    if (hasQuick.value) await test();
  });
}

/** Opens a device with the kept network and adapter. */
async function open(kept: SavedModel): Promise<void> {
  // A network so small gains nothing from a graphics card, whose code would have to be fetched.
  device.value = await ask((lab) => lab.open('wasm', onLost));
  await install(kept);
}

/** Installs what was kept; parts that cannot be used are left out and stay stored. */
async function install({ base, adapter: kept }: SavedModel): Promise<void> {
  const choices: SavedModel[] = [...(kept ? [{ base, adapter: kept }] : []), ...(base ? [{ base }] : []), {}];
  const failures: unknown[] = [];
  for (const choice of choices) {
    try {
      await ask((lab) => lab.install(choice));
      saved.value = choice;
      ready.value = true;
      break;
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length === choices.length) throw failures.at(-1);
  const what = saved.value.base === base ? 'adapter' : 'network';
  if (failures.length > 0) {
    say('note', `The ${what} that this browser has kept cannot be used: ${reasonOf(failures[0])}`);
  }
}

export async function fetchMnist(): Promise<void> {
  mnist.value = { done: 0, total: 0 };
  const told = (done: number, total: number) => {
    mnist.value = { done, total };
  };
  try {
    await askReporting((lab, onBytes) => lab.fetchMnist(onBytes), told);
    mnist.value = 'ready';
  } catch (error) {
    mnist.value = error instanceof Error ? error : new Error(String(error));
    return;
  }
  await doing('testing', test);
}

export async function test(): Promise<void> {
  work.value = 'testing';
  try {
    counts.value = await ask((lab) => lab.evaluate());
  } catch (error) {
    // The counts of another network would be wrong.
    counts.value = undefined;
    throw error;
  }
}

/** Starts a training run, and shows its progress and how it reads the drawing on the pad. */
export function follow<T>(
  of: 'base' | 'teaching',
  question: (lab: Remote<Lab>, onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  losses.value = { of, points: [] };
  progress.value = { iteration: 0, iterations: 0, losses: [], perSecond: 0 };
  return askReporting(question, (report: Progress) => {
    progress.value = report;
    losses.value = { of, points: [...losses.value.points, ...report.losses] };
    void predictDrawn();
  });
}

/** Shows the network and adapter that the lab has now, and keeps them. */
export async function show(next: SavedModel): Promise<void> {
  adapterOn.value = true;
  await setSaved(next);
  if (hasQuick.value) await test();
}

let asking = false;
let askAgain = false;

/** Asks what the drawing on the pad is; while an answer is pending, only the newest drawing waits. */
export async function predictDrawn(): Promise<void> {
  askAgain = true;
  if (asking || !ready.value) return;
  asking = true;
  try {
    while (askAgain) {
      askAgain = false;
      const pixels = drawn.value;
      const answer = pixels && (await ask((lab) => lab.predict(pixels)));
      prediction.value = drawn.value && answer;
    }
  } catch (error) {
    if (trouble === undefined) say('error', reasonOf(error));
  } finally {
    asking = false;
  }
}

effect(() => {
  if (drawn.value !== undefined || prediction.peek()) void predictDrawn();
});
