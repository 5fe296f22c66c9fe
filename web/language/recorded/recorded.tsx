/** The first thing on the page: a recorded lesson that can be played, with its last answers shown. */
import { useEffect, useState } from 'preact/hooks';
import { megabytes } from '../../format.js';
import { duration } from '../duration.js';
import { Probes } from '../ui/probes/probes.js';
import type { RecordedRun } from './recordedRun.js';
import '../../styles/language-recorded.css';

export interface RecordedProps {
  /** The recording; undefined if this build has none. */
  readonly run: RecordedRun | 'loading' | undefined;
  /** Size of the model that was taught. */
  readonly modelBytes: number;
}

const STOP_MS = 1600;

export function Recorded({ run, modelBytes }: RecordedProps) {
  if (run === 'loading') return <p class="hint">The recorded run is loading …</p>;
  if (!run)
    return <p class="hint">This build of the page has no recorded run: it was made without the model.</p>;
  return <Playing run={run} modelBytes={modelBytes} />;
}

function Playing({ run, modelBytes }: { readonly run: RecordedRun; readonly modelBytes: number }) {
  const last = run.stops.length - 1;
  // Before and after can be read at once; the steps between are there for those who want to see them.
  const [at, setAt] = useState(last);
  const [isPlaying, setIsPlaying] = useState(false);
  const [hasPlayed, setHasPlayed] = useState(false);
  useEffect(() => {
    if (!isPlaying) return;
    const timer = setTimeout(() => (at < last ? setAt(at + 1) : setIsPlaying(false)), STOP_MS);
    return () => clearTimeout(timer);
  }, [isPlaying, at, last]);
  const look = (stop: number) => {
    setIsPlaying(false);
    setAt(stop);
  };
  const play = () => {
    if (!isPlaying && at === last) setAt(0);
    setIsPlaying(!isPlaying);
    setHasPlayed(true);
  };
  return (
    <div class="lm-recorded">
      <p class="lm-badge">
        Recorded on {run.device}, {duration(run.seconds)} for {run.rows} examples. Run it yourself:{' '}
        {Math.round(Number(megabytes(modelBytes)))} MB once.
      </p>
      <Probes
        prompts={run.probes}
        stops={run.stops}
        steps={run.steps}
        isLive={isPlaying}
        at={at}
        onAt={look}
      />
      <button type="button" class="quiet" onClick={play}>
        {isPlaying ? 'Pause' : hasPlayed && at === last ? 'Play it again' : 'Play'}
      </button>
    </div>
  );
}
