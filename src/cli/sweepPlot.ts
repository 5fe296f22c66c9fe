/** The plot of a sweep: what was gained against what was forgotten. */
import { loadCharts } from './charts.js';
import type { Configuration, SweepResult } from './sweepResult.js';

export type Plotter = (result: SweepResult) => string;

const [WIDTH, HEIGHT] = [860, 560];

/** The means have the size of their rank, on a scale where 1 and 128 can both be seen. */
const sizeOf = (rank: number) => 12 + 4 * Math.log2(rank);

/**
 * The plotter, with the charting library that it requires.
 * @returns undefined when the library is not installed, which `notice` reports
 */
export async function loadPlotter(notice: (text: string) => void): Promise<Plotter | undefined> {
  const echarts = await loadCharts('sweep.svg', notice);
  if (!echarts) return undefined;
  return (result) => {
    const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT });
    chart.setOption(optionOf(result));
    const svg = chart.renderToSVGString();
    chart.dispose();
    return svg;
  };
}

function optionOf({ configurations, trials, best, digits }: SweepResult) {
  const ranks = [...new Set(configurations.map(({ rank }) => rank))].sort((a, b) => a - b);
  const labels = labelsOf(configurations);
  const series = ranks.flatMap((rank) => [
    {
      name: `rank ${rank}`,
      type: 'scatter' as const,
      label: { show: labels.length > 0, position: 'bottom' as const, color: '#555555', fontSize: 11 },
      data: configurations.filter((each) => each.rank === rank).map((each) => pointOf(each, labels)),
    },
    {
      name: `rank ${rank}`,
      type: 'scatter' as const,
      symbolSize: 5,
      itemStyle: { opacity: 0.45 },
      data: trials.filter((each) => each.rank === rank).map((each) => [each.forgotten, each.gained]),
    },
  ]);
  const { forgotten, gained } = configurations[best];
  return {
    animation: false,
    backgroundColor: '#ffffff',
    title: {
      text: `Gained and forgotten, adapted to ${digits.join(', ')}`,
      subtext: 'large: means over the seeds, small: single trials; up and to the left is better',
      left: 'center',
    },
    legend: { bottom: 8, data: ranks.map((rank) => `rank ${rank}`) },
    grid: { left: 70, right: 40, top: 80, bottom: 90 },
    xAxis: { ...axis('images forgotten on the other digits'), nameGap: 30 },
    yAxis: { ...axis('images gained on the adapted digits'), nameGap: 45 },
    series: [
      ...series,
      {
        type: 'scatter' as const,
        symbolSize: sizeOf(configurations[best].rank) + 12,
        itemStyle: { color: 'transparent', borderColor: '#000000', borderWidth: 1.5 },
        label: { show: true, formatter: 'best', position: 'right' as const, color: '#000000' },
        data: [[forgotten, gained]],
      },
    ],
  };
}

const LABELS = { method: '', alpha: 'α ', learningRate: 'lr ' } as const;
type Label = keyof typeof LABELS;

/** Labels that distinguish configurations of one rank. */
function labelsOf(configurations: readonly Configuration[]): Label[] {
  const names: readonly Label[] = ['method', 'alpha', 'learningRate'];
  return names.filter((name) => new Set(configurations.map((each) => each[name])).size > 1);
}

function pointOf(each: Configuration, labels: readonly Label[]) {
  const formatter = labels.map((name) => `${LABELS[name]}${each[name]}`).join(', ');
  return { value: [each.forgotten, each.gained], symbolSize: sizeOf(each.rank), label: { formatter } };
}

function axis(name: string) {
  return { type: 'value' as const, scale: true, name, nameLocation: 'middle' as const };
}
