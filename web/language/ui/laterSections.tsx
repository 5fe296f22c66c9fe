/** The sections after a lesson: trying it, taking it, and what this device keeps. */
import { say } from '../../work.js';
import { askModel, stopAsking } from '../answers.js';
import * as checking from '../checking.js';
import { rowsToJsonl } from '../examples/exportRows.js';
import { isBlank, newRow } from '../examples/rows.js';
import { deleteExamples } from '../examples.js';
import { deleteKeptAdapter, keptAdapters } from '../keptAdapters.js';
import { deleteStored } from '../loadModel.js';
import { shippedModel } from '../model/manifest.js';
import { room } from '../onDevice.js';
import { askedWords } from '../presets/tally.js';
import * as state from '../state.js';
import type { BaseModel } from '../takeTexts.js';
import { newLink, openZip, removeAdapter, saveExamples, saveGguf, savePeft, saveProject } from '../taking.js';
import * as teaching from '../teaching.js';
import { caught } from './caught.js';
import { OnDevice } from './onDevice.js';
import { OpenZip } from './take/openZip.js';
import { TakePanel } from './take/takePanel.js';
import { numberBytes } from './take/words.js';
import { TryPanel } from './try/tryPanel.js';

/** File name of the page's own model for llama.cpp. */
const SHIPPED_FILE = 'SmolLM2-135M-Instruct.Q4_1.gguf';

export function TrySection() {
  const { adapter, rows } = state;
  return (
    <TryPanel
      obstacle={askObstacle()}
      hasAdapter={adapter.value !== undefined}
      system={state.system.value}
      ask={askModel}
      stopAsking={stopAsking}
      onNewRow={(prompt, answer) => {
        rows.value = [...rows.value, newRow({ prompt, answer })];
        say('note', 'It is one of the examples now: teach again, and the model learns it');
      }}
      onError={(reason) => say('error', reason)}
      outcome={state.outcome.value}
      checking={checkingNow()}
    />
  );
}

/** Why nothing can be asked now, as a sentence. */
function askObstacle(): string | undefined {
  if (!state.model.value) return 'There is no model yet.';
  if (state.isTeaching.value) return 'It is learning: the lesson shows what it says for now.';
  return checking.progress.value && 'A check is running: ask when it is over, or stop it.';
}

/** The checks of the preset that is taught; undefined if there are none. */
function checkingNow() {
  const asked = checking.checks.value;
  if (asked.length === 0) return undefined;
  return {
    asked: askedWords(asked),
    tallies: checking.tallies.value,
    progress: checking.progress.value,
    onCheck: () => caught(checking.runChecks()),
    onStop: () => caught(checking.stopChecks()),
  };
}

export function TakeSection() {
  const { model, adapter, isOwnModel, taughtRows, isTeaching } = state;
  return (
    <>
      <TakePanel
        adapter={adapter.value}
        base={model.value && baseOf(model.value, isOwnModel.value)}
        rows={taughtRows.value.length}
        sizes={takeSizes()}
        busy={isTeaching.value}
        onPeft={() => caught(savePeft())}
        onGguf={() => caught(saveGguf())}
        onExamples={() => caught(saveExamples())}
        onProject={() => caught(saveProject())}
        onCopyLink={newLink}
        linkObstacle={taughtRows.value.length === 0 ? 'There are no examples yet.' : undefined}
        onRemove={() => caught(removeAdapter())}
      />
      <OpenZip onFile={(file) => caught(openZip(file))} />
    </>
  );
}

/** What this device keeps. */
export function KeptSection() {
  const { bytes = 0, total = 0, place } = state.stored.value ?? {};
  const shipped = place === 'memory' ? undefined : shippedModel;
  const examples = state.rows.value.filter((row) => !isBlank(row));
  return (
    <OnDevice
      model={shipped && { name: shipped.name, bytes, total, files: shipped.parts.length }}
      onDeleteModel={() => caught(deleteStored())}
      examples={{ count: examples.length, bytes: new Blob([JSON.stringify(examples)]).size }}
      onDeleteExamples={deleteExamples}
      lesson={state.unfinished.value}
      onDeleteLesson={() => caught(teaching.forgetUnfinished())}
      adapters={keptAdapters.value}
      onDeleteAdapter={(base) => caught(deleteKeptAdapter(base))}
      room={room.value}
    />
  );
}

/** Sizes of the files; an adapter's follow from its numbers. */
function takeSizes() {
  const examples = new Blob([rowsToJsonl(state.taughtRows.value, state.system.value)]).size;
  const { value: adapter } = state.adapter;
  return { examples, project: examples + (adapter ? numberBytes(adapter) : 0) };
}

function baseOf({ name, base }: { readonly name: string; readonly base: string }, isOwn: boolean): BaseModel {
  return {
    name,
    checksum: base,
    file: isOwn ? name : SHIPPED_FILE,
  };
}
