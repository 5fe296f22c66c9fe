/** Pen strokes in shares of the pad's side, and how they are drawn on a canvas. */

export type Point = readonly [x: number, y: number];
/** Positions of the pen from where it was put down to where it was lifted. */
export type Stroke = readonly Point[];

/** Width of the pen: 22 of 280 pixels, which makes lines about as thick as MNIST's. */
const PEN = 22 / 280;

/** Draws white ink on a transparent square. */
export function inkOn(context: CanvasRenderingContext2D, side: number, strokes: readonly Stroke[]): void {
  context.clearRect(0, 0, side, side);
  Object.assign(context, { lineWidth: PEN * side, lineCap: 'round', lineJoin: 'round' });
  Object.assign(context, { strokeStyle: '#fff', fillStyle: '#fff' });
  for (const [first, ...rest] of strokes) {
    context.beginPath();
    if (rest.length === 0) {
      // A line of no length would leave no ink.
      context.arc(first[0] * side, first[1] * side, (PEN * side) / 2, 0, 2 * Math.PI);
      context.fill();
      continue;
    }
    context.moveTo(first[0] * side, first[1] * side);
    for (const [x, y] of rest) context.lineTo(x * side, y * side);
    context.stroke();
  }
}

/** The part of a drawing that a steadily moving pen has drawn. @param share  share of the whole length, 0 to 1 */
export function drawnSoFar(strokes: readonly Stroke[], share: number): Stroke[] {
  const steps = strokes.reduce((sum, { length }) => sum + length, 0);
  let left = Math.ceil(share * steps);
  const shown: Stroke[] = [];
  for (const stroke of strokes) {
    if (left <= 0) break;
    shown.push(stroke.slice(0, left));
    left -= stroke.length;
  }
  return shown;
}
