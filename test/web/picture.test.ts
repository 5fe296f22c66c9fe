/** The picture to show to others: what is drawn where. */
import { describe, expect, it } from 'vitest';
import { PIXELS } from '../../web/lab/pixels.js';
import { type Context, drawPicture, PICTURE, type Picture, shareOf } from '../../web/picture.js';

interface Written {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly align: string;
  readonly colour: string;
}

const WIDE = 0.62;

/** A canvas that records what is drawn, with letters of equal width. */
class Notes {
  fillStyle = '';
  font = '';
  textAlign = '';
  textBaseline = '';
  readonly texts: Written[] = [];
  readonly boxes: { x: number; y: number; width: number; height: number; colour: string }[] = [];
  fillRect(x: number, y: number, width: number, height: number) {
    this.boxes.push({ x, y, width, height, colour: this.fillStyle });
  }
  roundRect(x: number, y: number, width: number, height: number) {
    this.fillRect(x, y, width, height);
  }
  fillText(text: string, x: number, y: number) {
    const { size, textAlign: align, fillStyle: colour } = this;
    this.texts.push({ text, x, y, size, align, colour });
  }
  measureText(text: string) {
    return { width: text.length * this.size * WIDE };
  }
  get size() {
    return Number(/ (\d+)px /.exec(this.font)?.[1]);
  }
  beginPath() {}
  moveTo() {}
  lineTo() {}
  closePath() {}
  fill() {}
}

const pixels = new Uint8Array(PIXELS);
pixels[28 * 3 + 5] = 200;

const PICTURED: Picture = {
  ...{ pixels, label: 0, before: { digit: 8, share: 0.9166 }, after: { digit: 0, share: 0.9997 } },
  ...{ seconds: 0.412, trainable: 3518 },
};

function drawn(change: Partial<Picture> = {}): Notes {
  const notes = new Notes();
  drawPicture(notes as unknown as Context, { ...PICTURED, ...change });
  return notes;
}

const textsOf = (change?: Partial<Picture>) => drawn(change).texts.map(({ text }) => text);

describe('drawPicture', () => {
  it('says what it read before, and what it reads now', () => {
    expect(textsOf()).toEqual([
      'It learned my 0.',
      'In 0.4 s, on my device.',
      ...['Before', '8', '92 %', 'After', '0', '100 %'],
      '3,518 new numbers, no old ones changed',
      'lowrank · LoRA in the browser',
    ]);
  });

  it('has Before on the left in blue and After on the right in orange', () => {
    const { texts } = drawn();
    const [before, after] = ['8', '0'].map((digit) => texts.find(({ text }) => text === digit));
    expect(before?.colour).toBe('#7fa8f5');
    expect(after?.colour).toBe('#f29a52');
    expect(before?.x).toBeLessThan(after?.x ?? 0);
  });

  it.each([
    [undefined, 'On my device.'],
    [0.01, 'In 0.1 s, on my device.'],
    [12.3, 'In 12 s, on my device.'],
  ])('says of %s seconds: %s', (seconds, text) => {
    expect(textsOf({ seconds })[1]).toBe(text);
  });

  it('draws each pixel of ink in its place, and nothing over the edge', () => {
    const { boxes } = drawn();
    const [ink, ...others] = boxes.filter(({ colour }) => colour === 'rgb(200, 200, 200)');
    expect(others).toEqual([]);
    expect([Math.round((ink.x - 76) / 16), Math.round((ink.y - 91) / 16)]).toEqual([5, 3]);
    for (const { x, y, width, height } of boxes) {
      expect(x + width).toBeLessThanOrEqual(PICTURE.width);
      expect(y + height).toBeLessThanOrEqual(PICTURE.height);
    }
  });

  it('makes lines smaller where the letters of a system are wide', () => {
    for (const { text, x, size, align } of drawn({ trainable: 12_345_678 }).texts) {
      const width = text.length * size * WIDE;
      expect(align === 'center' ? x + width / 2 : x + width, text).toBeLessThanOrEqual(PICTURE.width - 60);
    }
  });
});

describe('shareOf', () => {
  it.each([
    [0, '0 %'],
    [0.001, '< 1 %'],
    [0.005, '1 %'],
    [0.9166, '92 %'],
    [1, '100 %'],
  ])('of %d is %s', (share, text) => expect(shareOf(share)).toBe(text));
});
