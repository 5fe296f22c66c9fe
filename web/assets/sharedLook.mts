/** The look of the preview pictures of both pages: size, colours, letters. */
import { createRequire } from 'node:module';
import { GlobalFonts, type SKRSContext2D } from '@napi-rs/canvas';

/** Size that social networks expect. */
export const [WIDTH, HEIGHT] = [1200, 630];
export const [PAGE, CARD, TEXT, SOFT, LINE] = ['#f4f5f8', '#ffffff', '#1b1f27', '#565d6b', '#d9dde5'];
export const [BASE, ADAPTED] = ['#2f64c1', '#c2570c'];

for (const weight of [500, 700]) {
  const file = `@fontsource/inter/files/inter-latin-${weight}-normal.woff2`;
  GlobalFonts.registerFromPath(createRequire(import.meta.url).resolve(file), 'Inter');
}

export function write(
  context: SKRSContext2D,
  text: string,
  x: number,
  y: number,
  font: string,
  color: string,
): void {
  Object.assign(context, { font, fillStyle: color });
  context.fillText(text, x, y);
}

/** A white card with a thin edge. */
export function card(context: SKRSContext2D, x: number, y: number, width: number, height: number): void {
  context.beginPath();
  context.roundRect(x, y, width, height, 18);
  Object.assign(context, { fillStyle: CARD, strokeStyle: LINE, lineWidth: 2 });
  context.fill();
  context.stroke();
}

export function arrow(context: SKRSContext2D, x: number, y: number): void {
  Object.assign(context, { strokeStyle: SOFT, lineWidth: 5, lineCap: 'round', lineJoin: 'round' });
  context.beginPath();
  context.moveTo(x - 22, y);
  context.lineTo(x + 22, y);
  context.moveTo(x + 8, y - 14);
  context.lineTo(x + 22, y);
  context.lineTo(x + 8, y + 14);
  context.stroke();
}
