/** The pad, the network's answer, and the buttons that teach it. */
import '../../styles/hero.css';
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { answer } from '../../answer.js';
import { answerOf } from '../../reading.js';
import { adapter } from '../../saved.js';
import { prediction } from '../../state.js';
import { AnswerFigure } from './answer.js';
import { Compare } from './compare.js';
import { Kept } from './kept.js';
import { Labels } from './labels.js';
import { LessonLine } from './lesson.js';
import { Pad } from './pad.js';
import { Samples } from './samples.js';

const isOut = signal(false);

export function Hero() {
  const place = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!place.current) return;
    const observer = new IntersectionObserver(([{ isIntersecting }]) => {
      isOut.value = !isIntersecting;
    });
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  return (
    <>
      <section class="panel hero" id="draw" ref={place} aria-label="Draw and teach">
        <div class="hero-answer">
          <AnswerFigure />
          <Compare />
        </div>
        <div class="hero-pad">
          <Pad />
        </div>
        <div class="hero-teach">
          <Labels />
          <LessonLine />
          <Kept />
        </div>
        <Samples />
      </section>
      <Mini />
    </>
  );
}

/** The answers, small, while the pad is out of sight. */
function Mini() {
  const { base, adapted } = prediction.value ?? {};
  if (!isOut.value || !base) return null;
  return (
    <p class="mini" aria-hidden="true">
      Your drawing: <strong class="base">{answerOf(base) ?? '?'}</strong>
      {(adapter.value || answer.value.side === 'after') && adapted && (
        <>
          {' → '}
          <strong class="adapted">{answerOf(adapted) ?? '?'}</strong>
        </>
      )}
    </p>
  );
}
