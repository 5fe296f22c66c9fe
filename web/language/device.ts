/** The device of the page: the CPU, or the graphics card if the visitor chose it. */
import { computed, signal } from '@preact/signals';
import { simd } from 'wasm-feature-detect';
import { reasonOf, say } from '../work.js';
import { ask, type LabDevice, setLabDevice, stopLab, watchDevice } from './client.js';
import { lostSentence, wordsOf } from './deviceWords.js';
import { closeModel, openAgain } from './loadModel.js';
import { adapter, isTeaching, loading, model, modelProblem } from './state.js';
import { loadLater } from './taking.js';
import { resume } from './teaching.js';

export const device = signal<LabDevice>('wasm');
/** Name of the graphics card for WebGPU; undefined if there is none. */
export const graphicsCard = signal<string | undefined>(undefined);
/** False if the browser is too old for the kernels. */
export const hasSimd = signal(true);

/** `CPU, 2 threads`: the device of the model in use, or the one it would get. */
export const deviceWords = computed(() =>
  wordsOf({
    isGpu: (model.value?.device ?? device.value) === 'webgpu',
    threads: model.value?.threads ?? threadsToBe(),
    isIsolated: globalThis.crossOriginIsolated,
  }),
);

/** Largest number of threads: the library takes one for each core, up to this. */
const MOST_THREADS = 8;
const threadsToBe = () =>
  globalThis.crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1) : 1;

export async function startDevice(): Promise<void> {
  watchDevice(() => void goOnWithout());
  hasSimd.value = await simd();
  graphicsCard.value = await nameOfCard();
}

async function nameOfCard(): Promise<string | undefined> {
  try {
    // The types promise it, but older browsers and insecure pages do not have it.
    const gpu = navigator.gpu as GPU | undefined;
    const found = await gpu?.requestAdapter();
    if (!found) return undefined;
    const { description, vendor, architecture } = found.info;
    return description || [vendor, architecture].filter(Boolean).join(' ') || 'a graphics card';
  } catch {
    return undefined;
  }
}

/** Moves the page to another device, with its model and adapter. */
export async function chooseDevice(name: LabDevice): Promise<void> {
  if (name === device.value) return;
  if (isTeaching.value || loading.value) {
    say(
      'error',
      `${isTeaching.value ? 'A lesson is running' : 'A model is loading'}: change the device afterwards`,
    );
    return;
  }
  try {
    if (adapter.value) loadLater(await ask((lab) => lab.adapterFiles()));
    await moveTo(name);
    if (name === 'webgpu' && modelProblem.value) {
      const why = modelProblem.value;
      await moveTo('wasm');
      say('error', `WebGPU cannot be used: ${why} The page stays on the CPU`);
    }
  } catch (error) {
    say('error', reasonOf(error));
  }
}

async function moveTo(name: LabDevice): Promise<void> {
  const wasOpen = model.value !== undefined || modelProblem.value !== undefined;
  device.value = name;
  setLabDevice(name);
  stopLab(new Error('The model is moving to another device.'));
  closeModel();
  if (wasOpen) await openAgain();
}

let isMoving = false;

/** Continues on the CPU after the graphics card is lost: an unfinished lesson from its latest kept step. */
async function goOnWithout(): Promise<void> {
  if (isMoving) return;
  isMoving = true;
  try {
    const wasTeaching = isTeaching.value;
    await moveTo('wasm');
    const kept = wasTeaching ? await ask((lab) => lab.unfinished()) : undefined;
    say('note', lostSentence(wasTeaching, kept?.step));
    if (kept) await resume();
  } catch (error) {
    say('error', reasonOf(error));
  } finally {
    isMoving = false;
  }
}
