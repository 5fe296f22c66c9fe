/** The ways to take the adapter with you: a zip, a link, a picture. */
import { computed } from '@preact/signals';
import { withAbout } from './about.js';
import { zipAdapter } from './adapterZip.js';
import type { Prediction } from './lab/views.js';
import { ask } from './labClient.js';
import { linkObstacle, makeLink } from './link.js';
import type { Reading } from './picture.js';
import { adapter, baseTrainedHere, saved } from './saved.js';
import { saveFile } from './saveFile.js';
import { savePicture } from './sharePicture.js';
import { reasonOf, say } from './work.js';

const ZIP = 'lowrank-adapter.zip';

/** Why there is no link, as a sentence. */
export const linkReason = computed(
  () => adapter.value && linkObstacle(adapter.value, !baseTrainedHere.value),
);

/** The drawing in the picture: the latest one. */
const pictured = computed(() => adapter.value?.drawings?.at(-1));

/** Why there is no picture, as a sentence. */
export const pictureReason = computed(() =>
  adapter.value && !pictured.value
    ? 'A picture shows a drawing, and this adapter came without one.'
    : undefined,
);

export function downloadZip(): void {
  const { adapter: taken, base } = saved.value;
  if (!taken) return;
  const zip = zipAdapter(withAbout(taken.files, taken.view, base === undefined));
  saveFile(ZIP, new Blob([zip], { type: 'application/zip' }));
}

/** Makes a link. @returns undefined if there is none; the page has said why */
export function newLink(): string | undefined {
  const { adapter: taken } = saved.value;
  if (!taken) return undefined;
  try {
    return makeLink({ ...taken, url: location.href });
  } catch (error) {
    say('error', reasonOf(error));
    return undefined;
  }
}

export async function downloadPicture(): Promise<void> {
  const [view, drawing] = [adapter.value, pictured.value];
  if (!view || !drawing) return;
  try {
    const { pixels, label } = drawing;
    const { base, adapted }: Prediction = await ask((lab) => lab.predict(pixels));
    const [before, after] = [readingOf(base), readingOf(adapted ?? base)];
    if (after.digit !== label) {
      const text = `It still reads your ${label} as ${after.digit}: teach it again before you show it around`;
      say('note', text);
      return;
    }
    await savePicture({ pixels, label, before, after, seconds: view.seconds, trainable: view.trainable });
  } catch (error) {
    say('error', reasonOf(error));
  }
}

function readingOf(probabilities: readonly number[]): Reading {
  const share = Math.max(...probabilities);
  return { digit: probabilities.indexOf(share), share };
}
