/** What this device keeps for the page: files with their sizes and delete buttons. */
import { count } from '../../format.js';
import type { KeptAdapter } from '../api.js';
import { keptAdapterWords, type Room, roomSentence, sizeWords } from './onDeviceWords.js';
import '../../styles/language-device.css';

export interface KeptThing {
  /** Distinguishes it from the other things. */
  readonly key: string;
  readonly name: string;
  /** Description without a full stop. */
  readonly about: string;
  readonly onDelete: () => void;
}

export interface OnDeviceProps {
  readonly model:
    | { readonly name: string; readonly bytes: number; readonly total: number; readonly files: number }
    | undefined;
  readonly onDeleteModel: () => void;
  readonly examples: { readonly count: number; readonly bytes: number };
  readonly onDeleteExamples: () => void;
  readonly lesson: { readonly step: number; readonly steps: number } | undefined;
  readonly onDeleteLesson: () => void;
  readonly adapters: readonly KeptAdapter[];
  /** @param base  checksum of the adapter's model */
  readonly onDeleteAdapter: (base: string) => void;
  readonly room: Room | undefined;
}

export function OnDevice(props: OnDeviceProps) {
  const things = thingsOf(props);
  return (
    <section class="panel lm-kept" id="device" aria-labelledby="device-title">
      <h2 id="device-title">On this device</h2>
      {things.length === 0 && <p>Nothing of yours is kept here yet.</p>}
      <ul>
        {things.map(({ key, name, about, onDelete }) => (
          <li key={key}>
            <span>
              <strong>{name}</strong>
              <small>{about}</small>
            </span>
            <button type="button" class="quiet" aria-label={`Delete: ${name}`} onClick={onDelete}>
              Delete
            </button>
          </li>
        ))}
      </ul>
      {props.room && <p class="hint">{roomSentence(props.room)}</p>}
    </section>
  );
}

function thingsOf(props: OnDeviceProps): readonly KeptThing[] {
  const { model, examples, lesson } = props;
  const things: KeptThing[] = [];
  if (model && model.bytes > 0) {
    const part = model.bytes < model.total ? `${sizeWords(model.bytes)} of ` : '';
    const about = `${part}${sizeWords(model.total)}, in ${count(model.files, 'file')}`;
    things.push({ key: 'model', name: model.name, about, onDelete: props.onDeleteModel });
  }
  if (examples.count > 0) {
    const about = `${sizeWords(examples.bytes)} in ${count(examples.count, 'row')}`;
    things.push({ key: 'examples', name: 'Your examples', about, onDelete: props.onDeleteExamples });
  }
  if (lesson) {
    const about = `It can continue from step ${lesson.step} of ${lesson.steps}`;
    things.push({ key: 'lesson', name: 'An unfinished lesson', about, onDelete: props.onDeleteLesson });
  }
  for (const adapter of props.adapters) {
    things.push({
      key: `adapter ${adapter.base}`,
      name: `Your adapter for ${adapter.model}`,
      about: keptAdapterWords(adapter),
      onDelete: () => props.onDeleteAdapter(adapter.base),
    });
  }
  return things;
}
