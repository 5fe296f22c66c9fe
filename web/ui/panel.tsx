import type { ComponentChildren } from 'preact';

/** A part of the page with its heading. */
export function Panel(props: {
  readonly id: string;
  readonly title: string;
  readonly children: ComponentChildren;
}) {
  const { id, title, children } = props;
  return (
    <section class="panel" id={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{title}</h2>
      {children}
    </section>
  );
}
