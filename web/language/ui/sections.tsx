/** The sections of the page, connected to its state and actions. */
import { say } from '../../work.js';
import { ask } from '../client.js';
import { EFFORTS } from '../efforts.js';
import { useItHere } from '../elsewhere.js';
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
import * as opening from '../opening.js';
import { PRESETS } from '../presets/index.js';
import * as state from '../state.js';
import { isElsewhere } from '../tabs.js';
import { openZip } from '../taking.js';
import * as teaching from '../teaching.js';
import { caught } from './caught.js';
import { ElsewhereLine } from './elsewhereLine.js';
import { ExamplesPanel } from './examples/examplesPanel.js';
import { ModelPanel } from './model/modelPanel.js';
import { answersTo } from './probes/answersTo.js';
import { Probes } from './probes/probes.js';
import { TeachPanel } from './teach/teachPanel.js';

/** The sets to choose from; the last one is empty. */
const CHOICES = [
  ...PRESETS,
  { id: 'empty', name: 'Empty', about: 'Start from scratch with examples of your own.' },
];

export function ModelSection() {
  return (
    <>
      {isElsewhere.value && <ElsewhereLine onUse={() => caught(useItHere())} />}
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
    </>
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
      trainsPrompts={settings.value.trainsPrompts}
      heldOut={state.heldOut.value}
      onRows={(next) => {
        rows.value = next;
      }}
      presets={CHOICES}
      preset={state.preset.value}
      onPreset={choosePreset}
      system={system.value}
      defaultSystem={state.defaultSystem.value}
      onSystem={(said) => {
        system.value = said;
      }}
      onUndoable={(said, undo) => say('note', said, { label: 'Undo', run: undo })}
      toImport={opening.toImport.value}
      onImporting={() => {
        opening.toImport.value = undefined;
      }}
      onProject={(zip) => caught(openZip(zip))}
      see={(row) => ask((lab) => lab.see(row, state.shape.value))}
    />
  );
}

export function TeachSection() {
  const { settings, taughtRows, course, isTeaching, model, loading, adapter } = state;
  const count = taughtRows.value.length;
  const secondsOf = (key: string) => state.estimates.value.get(key);
  const byEffort = Object.fromEntries(
    (['suggested', ...EFFORTS] as const)
      .map((effort) => [effort, secondsOf(JSON.stringify(state.settingsFor(effort)))])
      .filter(([, seconds]) => seconds !== undefined),
  );
  const canDownload = !model.value && !loading.value && shippedModel;
  return (
    <>
      <TeachPanel
        settings={settings.value}
        effort={state.effort.value}
        hasSuggested={state.suggestedSettings.value !== undefined}
        estimate={{ byEffort, chosen: secondsOf(teaching.settingsKey()) }}
        insteadOf={state.ownSettings.value ? undefined : state.fewerLayers.value?.insteadOf}
        onAllLayers={teaching.teachAllLayers}
        sparesMemory={state.sparesMemory.value && settings.value.isMemoryTight}
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
      {(count > 0 || course.value.stops.length > 0) && !state.areAnswersBeside.value && <ProbesSection />}
    </>
  );
}

export function ProbesSection() {
  const { course, isTeaching } = state;
  return (
    <Probes
      prompts={[state.probes.value[0] ?? '', state.probes.value[1] ?? '']}
      stops={answersTo(state.probes.value, state.askedProbes.value, course.value.stops)}
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
  );
}

/** The controls of a running lesson. */
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

export { KeptSection, TakeSection, TrySection } from './laterSections.js';
export { DeviceSection, Drops } from './pageSections.js';
