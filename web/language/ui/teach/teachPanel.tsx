/** The choice of effort, the running lesson, and its outcome. */
import { useRef } from 'preact/hooks';
import type { TeachOutcome, TeachSettings } from '../../api.js';
import type { Course } from '../../curve.js';
import { type Effort, FEWER_LAYERS, smallerRate } from '../../efforts.js';
import { outcomeSentence } from '../../outcome.js';
import { useKeptFocus } from '../keptFocus.js';
import { Advanced } from './advanced.js';
import { Begin, type BeginProps } from './begin.js';
import { EffortChoice, type Estimate } from './effortChoice.js';
import { LessonChart } from './lessonChart.js';
import { Running, type RunningProps } from './running.js';
import '../../../styles/language-teach.css';

export interface TeachPanelProps extends BeginProps {
  readonly settings: TeachSettings;
  /** Undefined for the visitor's own settings. */
  readonly effort: Effort | 'suggested' | undefined;
  /** Whether the chosen set of examples has recommended settings. */
  readonly hasSuggested: boolean;
  readonly estimate: Estimate;
  /** Seconds with all layers, if fewer were chosen to save time. */
  readonly insteadOf: number | undefined;
  readonly onAllLayers: () => void;
  /** Whether memory is spared because this device is small. */
  readonly sparesMemory: boolean;
  /** Number of blocks of the model; undefined while no model is known. */
  readonly layers: number | undefined;
  readonly onEffort: (effort: Effort | 'suggested') => void;
  readonly onSettings: (settings: TeachSettings) => void;
  /** The course of the current or latest lesson. */
  readonly course: Course;
  /** Controls of the running lesson; undefined if none runs. */
  readonly running: Omit<RunningProps, 'course'> | undefined;
  readonly outcome: TeachOutcome | undefined;
  /** Continues a diverged lesson from its last good values with a smaller rate. */
  readonly onSmallerRate: () => void;
  /** A lesson that a closed tab left unfinished. */
  readonly unfinished: { readonly step: number; readonly steps: number } | undefined;
  readonly onResume: () => void;
  readonly onForget: () => void;
}

export function TeachPanel(props: TeachPanelProps) {
  const { settings, course, running, outcome, unfinished } = props;
  const place = useRef<HTMLDivElement>(null);
  useKeptFocus(place, running ? 'running' : unfinished ? 'unfinished' : 'choice');
  return (
    <div class="lm-teach" ref={place}>
      {running ? <Running course={course} {...running} /> : <Choice {...props} />}
      <p class="lm-outcome" role="status">
        {running || !outcome ? '' : outcomeSentence(outcome)}
      </p>
      {!running && outcome?.end === 'diverged' && (
        <div class="message error lm-said">
          <span>It diverged; try a smaller rate.</span>
          <button type="button" onClick={props.onSmallerRate}>
            Use {smallerRate(settings.learningRate).toExponential()} and go on
          </button>
        </div>
      )}
      {course.losses.length > 0 && (
        <LessonChart course={course} steps={course.latest?.steps ?? 0} isRunning={running !== undefined} />
      )}
      {!running && !unfinished && (
        <Advanced settings={settings} layers={props.layers} onSettings={props.onSettings} />
      )}
    </div>
  );
}

function Choice(props: TeachPanelProps) {
  const { unfinished } = props;
  if (unfinished) return <Unfinished {...unfinished} onResume={props.onResume} onForget={props.onForget} />;
  return (
    <>
      <EffortChoice
        effort={props.effort}
        hasSuggested={props.hasSuggested}
        estimate={props.estimate}
        lastLayers={props.settings.lastLayers}
        onEffort={props.onEffort}
        insteadOf={props.insteadOf}
        sparesMemory={props.sparesMemory}
        onFewerLayers={() => props.onSettings({ ...props.settings, lastLayers: FEWER_LAYERS })}
        onAllLayers={props.onAllLayers}
      />
      <Begin {...props} />
    </>
  );
}

function Unfinished(props: {
  readonly step: number;
  readonly steps: number;
  readonly onResume: () => void;
  readonly onForget: () => void;
}) {
  return (
    <div class="message lm-said">
      <span>
        Went to step {props.step} of {props.steps}.
      </span>
      <button type="button" class="primary" onClick={props.onResume}>
        Go on
      </button>
      <button type="button" class="quiet" onClick={props.onForget}>
        Discard it
      </button>
    </div>
  );
}
