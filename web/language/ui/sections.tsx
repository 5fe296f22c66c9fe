/** The parts of the page with what they show, and what is done where they are used. */
import { reasonOf, say } from '../../work.js';
import { askModel, stopAsking } from '../answers.js';
import { ask } from '../client.js';
import { EFFORTS, effortOf } from '../efforts.js';
import { newRow } from '../examples/rows.js';
import { choosePreset } from '../examples.js';
import {
  deleteStored,
  forgetOwn,
  lookAtOwn,
  openOwn,
  openShipped,
  pauseLoading,
  resumeLoading,
} from '../loadModel.js';
import { shippedModel } from '../model/manifest.js';
import { isMetered, offeredBytes } from '../model/room.js';
import { PRESETS } from '../presets/index.js';
import * as state from '../state.js';
import type { BaseModel } from '../takeTexts.js';
import { newLink, openZip, removeAdapter, saveExamples, saveGguf, savePeft, saveProject } from '../taking.js';
import * as teaching from '../teaching.js';
import { ExamplesPanel } from './examples/examplesPanel.js';
import { ModelPanel } from './model/modelPanel.js';
import { Probes } from './probes/probes.js';
import { OpenZip } from './take/openZip.js';
import { TakePanel } from './take/takePanel.js';
import { TeachPanel } from './teach/teachPanel.js';
import { TryPanel } from './try/tryPanel.js';

/** What is shown of the page's own model to llama.cpp. */
const SHIPPED_FILE = 'SmolLM2-135M-Instruct.Q4_1.gguf';

const caught = (work: Promise<unknown>) => {
  work.catch((error: unknown) => say('error', reasonOf(error)));
};

export function ModelSection() {
  return (
    <ModelPanel
      shipped={shippedModel}
      stored={state.stored.value}
      loading={state.loading.value}
      loadingFacts={state.loadingFacts.value}
      model={state.model.value}
      isOwn={state.isOwnModel.value}
      own={state.own.value}
      problem={state.modelProblem.value}
      offeredBytes={offeredBytes()}
      isMetered={isMetered()}
      isOnline={state.isOnline.value}
      onOpen={() => caught(openShipped())}
      onPause={() => caught(pauseLoading())}
      onResume={() => caught(resumeLoading())}
      onDelete={() => caught(deleteStored())}
      onFiles={(files) => caught(lookAtOwn(files))}
      onUseOwn={() => caught(openOwn())}
      onForgetOwn={forgetOwn}
    />
  );
}

export function ExamplesSection() {
  const { rows, views, settings, system } = state;
  return (
    <ExamplesPanel
      rows={rows.value}
      views={views.value}
      hasTokenizer={state.hasTokenizer.value}
      maxLength={settings.value.maxLength}
      heldOut={state.heldOut.value}
      onRows={(next) => {
        rows.value = next;
      }}
      presets={PRESETS}
      preset={state.preset.value}
      onPreset={choosePreset}
      system={system.value}
      defaultSystem={undefined}
      onSystem={(said) => {
        system.value = said;
      }}
      onUndoable={(said, undo) => say('note', said, { label: 'Undo', run: undo })}
      see={(row) => ask((lab) => lab.see(row, system.value, settings.value.maxLength))}
    />
  );
}

export function TeachSection() {
  const { settings, taughtRows, course, isTeaching, model, loading, adapter } = state;
  const count = taughtRows.value.length;
  const secondsOf = (key: string) => state.estimates.value.get(key);
  const byEffort = Object.fromEntries(
    EFFORTS.map((effort) => [effort, secondsOf(JSON.stringify(state.settingsFor(effort)))]).filter(
      ([, seconds]) => seconds !== undefined,
    ),
  );
  const canDownload = !model.value && !loading.value && shippedModel;
  return (
    <>
      <TeachPanel
        settings={settings.value}
        effort={effortOf(settings.value, count)}
        estimate={{ byEffort, chosen: secondsOf(teaching.settingsKey()) }}
        insteadOf={state.ownSettings.value ? undefined : state.fewerLayers.value?.insteadOf}
        onAllLayers={teaching.teachAllLayers}
        layers={model.value?.layers}
        onEffort={(effort) => {
          state.chosenEffort.value = effort;
          state.ownSettings.value = undefined;
        }}
        onSettings={(own) => {
          state.ownSettings.value = own;
        }}
        course={course.value}
        running={isTeaching.value ? running() : undefined}
        outcome={state.outcome.value}
        onSmallerRate={() => caught(teaching.teachWithSmallerRate())}
        unfinished={model.value ? state.unfinished.value : undefined}
        onResume={() => caught(teaching.resume())}
        onForget={() => caught(teaching.forgetUnfinished())}
        download={
          canDownload ? { bytes: canDownload.fileBytes, onDownload: () => caught(openShipped()) } : undefined
        }
        obstacle={state.obstacle.value}
        hasAdapter={adapter.value !== undefined}
        onTeach={() => caught(teaching.teach())}
      />
      {course.value.stops.length > 0 && (
        <Probes
          prompts={state.probes.value}
          stops={course.value.stops}
          steps={course.value.latest?.steps ?? 0}
          isLive={isTeaching.value}
          onSecond={
            isTeaching.value
              ? undefined
              : (probe) => {
                  state.probes.value = [state.probes.value[0] ?? '', probe];
                }
          }
        />
      )}
    </>
  );
}

/** What can be done with a lesson that runs. */
function running() {
  return {
    isPaused: state.isPaused.value,
    isStopping: teaching.isStopping.value,
    onStop: () => caught(teaching.stop()),
    onPause: () => caught(teaching.pause()),
    onGoOn: () => caught(teaching.goOn()),
    onStopAtBest: () => caught(teaching.stop('best')),
    onSkip: () => caught(teaching.skipMeasuring()),
  };
}

export function TrySection() {
  const { model, adapter, isTeaching, rows } = state;
  const obstacle = model.value
    ? isTeaching.value
      ? 'It is learning: the questions above show what it says meanwhile.'
      : undefined
    : 'There is no model yet.';
  return (
    <TryPanel
      obstacle={obstacle}
      hasAdapter={adapter.value !== undefined}
      system={state.system.value}
      ask={askModel}
      stopAsking={stopAsking}
      onNewRow={(prompt, answer) => {
        rows.value = [...rows.value, newRow({ prompt, answer })];
        say('note', 'It is among the examples now: teach it again to make it learn that');
      }}
      onError={(reason) => say('error', reason)}
      outcome={state.outcome.value}
      checks={[]}
    />
  );
}

export function TakeSection() {
  const { model, adapter, isOwnModel, taughtRows, isTeaching } = state;
  return (
    <>
      <TakePanel
        adapter={adapter.value}
        base={model.value && baseOf(model.value, isOwnModel.value)}
        rows={taughtRows.value.length}
        sizes={{}}
        busy={isTeaching.value}
        ggufObstacle={undefined}
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

function baseOf({ name, base }: { readonly name: string; readonly base: string }, isOwn: boolean): BaseModel {
  return {
    name,
    checksum: base,
    file: isOwn ? name : SHIPPED_FILE,
  };
}
