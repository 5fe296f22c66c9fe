/** The parts of the page with what they show, and what is done where they are used. */
import { reasonOf, say } from '../../work.js';
import * as checking from '../checking.js';
import { ask, askReporting } from '../client.js';
import * as device from '../device.js';
import { EFFORTS, effortOf, settingsOf } from '../efforts.js';
import { useItHere } from '../elsewhere.js';
import { rowsToJsonl } from '../examples/exportRows.js';
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
import * as opening from '../opening.js';
import { PRESETS } from '../presets/index.js';
import { askedWords } from '../presets/tally.js';
import * as state from '../state.js';
import { isElsewhere } from '../tabs.js';
import type { BaseModel } from '../takeTexts.js';
import {
  ggufObstacle,
  newLink,
  openZip,
  removeAdapter,
  saveExamples,
  saveGguf,
  savePeft,
  saveProject,
} from '../taking.js';
import * as teaching from '../teaching.js';
import { DeviceChip, TooOld } from './deviceChip.js';
import { DropVeil } from './dropVeil.js';
import { ElsewhereLine } from './elsewhereLine.js';
import { ExamplesPanel } from './examples/examplesPanel.js';
import { ModelPanel } from './model/modelPanel.js';
import { answersTo } from './probes/answersTo.js';
import { Probes } from './probes/probes.js';
import { OpenZip } from './take/openZip.js';
import { TakePanel } from './take/takePanel.js';
import { numberBytes } from './take/words.js';
import { TeachPanel } from './teach/teachPanel.js';
import { TryPanel } from './try/tryPanel.js';

/** What is shown of the page's own model to llama.cpp. */
const SHIPPED_FILE = 'SmolLM2-135M-Instruct.Q4_1.gguf';

/** The last one begins without any. */
const CHOICES = [...PRESETS, { id: 'empty', name: 'Empty', about: 'Your own examples, from the first one.' }];

const caught = (work: Promise<unknown>) => {
  work.catch((error: unknown) => say('error', reasonOf(error)));
};

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
      see={(row) => ask((lab) => lab.see(row, system.value, settings.value.maxLength))}
    />
  );
}

export function TeachSection() {
  const { settings, taughtRows, course, isTeaching, model, loading, adapter } = state;
  const count = taughtRows.value.length;
  const secondsOf = (key: string) => state.estimates.value.get(key);
  const byEffort = Object.fromEntries(
    EFFORTS.map((effort) => [effort, secondsOf(JSON.stringify(settingsOf(effort, count)))]).filter(
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
      {(count > 0 || course.value.stops.length > 0) && (
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
      )}
    </>
  );
}

/** What can be done with a lesson that runs. */
function running() {
  return {
    isPaused: state.isPaused.value,
    onStop: () => caught(teaching.stop()),
    onPause: () => caught(teaching.pause()),
    onGoOn: () => caught(teaching.goOn()),
    // The best values are kept in any case.
    onStopAtBest: () => caught(teaching.stop()),
  };
}

export function TrySection() {
  const { adapter, rows } = state;
  return (
    <TryPanel
      obstacle={askObstacle()}
      hasAdapter={adapter.value !== undefined}
      system={state.system.value}
      ask={(question, told) => askReporting((lab, report) => lab.ask(question, report), told)}
      stopAsking={() => ask((lab) => lab.stopAsking())}
      onNewRow={(prompt, answer) => {
        rows.value = [...rows.value, newRow({ prompt, answer })];
        say('note', 'It is among the examples now: teach it again to make it learn that');
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
  if (state.isTeaching.value) return 'It is learning: the questions above show what it says meanwhile.';
  return checking.progress.value && 'It is being checked: ask when that is over, or stop it.';
}

/** The checks of the preset that is taught; undefined where there are none. */
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

/** What computes, and that a browser is too old to. */
export function DeviceSection() {
  const { isTeaching, loading } = state;
  const obstacle = isTeaching.value
    ? 'It can be changed once the lesson is over.'
    : loading.value && 'It can be changed once the model is here.';
  return (
    <>
      <DeviceChip
        words={device.deviceWords.value}
        device={device.device.value}
        graphicsCard={device.graphicsCard.value}
        obstacle={obstacle}
        onDevice={(name) => caught(device.chooseDevice(name))}
      />
      {!device.hasSimd.value && <TooOld />}
    </>
  );
}

/** Lies over the page while files are held above it. */
export function Drops() {
  return <DropVeil onFiles={(files) => caught(opening.openGiven(files))} />;
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
        ggufObstacle={ggufObstacle.value}
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

/** Those of the adapter follow from its numbers. */
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
