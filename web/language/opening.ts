/** Opens files that the visitor gives to the page as a whole: each goes where it belongs. */
import { signal } from '@preact/signals';
import { say } from '../work.js';
import { belongs, opened, unknownSentence } from './dropped.js';
import { lookAtOwn } from './loadModel.js';
import { isTeaching, loading } from './state.js';
import { openAdapter, openZip } from './taking.js';

/** A file with examples, until the import shows it. */
export const toImport = signal<File | undefined>(undefined);

export async function openGiven(files: readonly File[]): Promise<void> {
  const names = files.map(({ name }) => name);
  const as = belongs(names);
  const taken = opened(files, as);
  switch (as) {
    case 'zip':
      return openZip(taken[0]);
    case 'adapter':
      return openAdapter(taken);
    case 'examples':
      toImport.value = taken[0];
      return;
    case 'model':
      return openModel(taken);
    case 'nowhere':
      say('error', unknownSentence(names));
  }
}

async function openModel(files: readonly File[]): Promise<void> {
  if (loading.value || isTeaching.value) {
    const going = loading.value ? 'A model is loading' : 'A lesson is running';
    say('error', `${going}: drop ${files[0].name} again when that is done`);
    return;
  }
  document.getElementById('model')?.scrollIntoView({ block: 'start' });
  await lookAtOwn(files);
}
