import { signal } from '@preact/signals';
import { downloadAdapter, loadAdapter, removeAdapter } from '../actions.js';
import { integer } from '../format.js';
import { adapter } from '../saved.js';
import { ready } from '../state.js';
import { busy, say } from '../work.js';
import { Panel } from './panel.js';

const isOver = signal(false);

export function TakePanel() {
  const view = adapter.value;
  return (
    <Panel id="take" title="Take it along">
      <p>
        {view
          ? `An adapter of rank ${view.rank} and alpha ${view.alpha}, ${integer(view.trainable)} numbers.`
          : 'There is no adapter yet.'}{' '}
        It travels as the two files of <abbr title="Hugging Face's library of adapters, in Python">PEFT</abbr>
        , in a zip, and stays in this browser over a reload.
      </p>
      <div class="row">
        <button type="button" disabled={!view} onClick={downloadAdapter}>
          Download the adapter
        </button>
        <button
          type="button"
          class="quiet"
          disabled={!view || busy.value}
          onClick={() => void removeAdapter()}
        >
          Remove it
        </button>
      </div>
      <Drop />
    </Panel>
  );
}

function take(files: FileList | null | undefined): void {
  if (files && files.length > 0) void loadAdapter([...files]);
}

/** Where files are picked, or dropped. */
function Drop() {
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is an extra; the input inside does the same
    <div
      class={`drop ${isOver.value ? 'over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        isOver.value = true;
      }}
      onDragLeave={() => {
        isOver.value = false;
      }}
      onDrop={(event) => {
        event.preventDefault();
        isOver.value = false;
        if (busy.value || !ready.value)
          say('note', 'Nothing is loaded while something else is going on: drop it again afterwards');
        else take(event.dataTransfer?.files);
      }}
    >
      <label>
        Load an adapter: pick its zip or its two files, or drop them here
        <input
          type="file"
          multiple
          accept=".zip,.json,.safetensors"
          disabled={busy.value || !ready.value}
          onChange={({ currentTarget }) => {
            take(currentTarget.files);
            currentTarget.value = '';
          }}
        />
      </label>
    </div>
  );
}
