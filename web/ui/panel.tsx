import type { ComponentChildren } from 'preact';

/** A numbered part of the page with its heading. */
export function Panel(props: {
  readonly id: string;
  readonly step: number;
  readonly title: string;
  readonly children: ComponentChildren;
}) {
  const { id, step, title, children } = props;
  return (
    <section class="panel" id={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>
        <span class="step" aria-hidden="true">
          {step}
        </span>
        {title}
      </h2>
      {children}
    </section>
  );
}
