/** The plot of a training run: losses by step, with those of the validations. */

import { loadCharts } from '../charts.js';
import type { RunMetrics } from './runMetrics.js';

const [WIDTH, HEIGHT] = [860, 480];

/** @returns undefined when the charting library is not installed, which `notice` reports */
export async function lossPlot(
  { steps, validations }: RunMetrics,
  before: number | undefined,
  notice: (text: string) => void,
): Promise<string | undefined> {
  const charts = await loadCharts('loss.svg', notice);
  if (!charts) return undefined;
  const held = validations.map(({ step, loss }) => [step, loss]);
  const name = { train: 'training, before each step', valid: 'held-out examples' };
  const chart = charts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT });
  const axis = { type: 'value' as const, nameLocation: 'middle' as const };
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: 'Loss in nats per trained token', left: 'center' },
    legend: { bottom: 8, data: held.length > 0 ? Object.values(name) : [name.train] },
    grid: { left: 70, right: 40, top: 50, bottom: 80 },
    xAxis: { ...axis, name: 'step', nameGap: 28, minInterval: 1 },
    yAxis: { ...axis, scale: true },
    series: [
      {
        name: name.train,
        type: 'line',
        showSymbol: steps.length < 2,
        lineStyle: { width: 1.2 },
        data: steps.map(({ step, loss }) => [step, loss]),
      },
      ...(held.length > 0
        ? [
            {
              name: name.valid,
              type: 'line' as const,
              symbolSize: 7,
              lineStyle: { width: 2 },
              data: before === undefined ? held : [[0, before], ...held],
            },
          ]
        : []),
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
