/** A chart of echarts that follows its data, its width, and light or dark. */
import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { type EChartsCoreOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'preact/hooks';

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

/** The page's colours, as the style sheet has them now. */
export interface Colours {
  readonly font: string;
  readonly text: string;
  readonly line: string;
  readonly base: string;
  readonly adapted: string;
}

interface ChartProps {
  /** What it shows, in words. */
  readonly label: string;
  /** In pixels. */
  readonly height: number;
  readonly option: (colours: Colours) => EChartsCoreOption;
}

export function Chart({ label, height, option }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const draw = useRef(() => {});
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const chart = init(element, undefined, { renderer: 'svg' });
    draw.current = () => chart.setOption(latest.current(coloursOf(element)), { notMerge: true });
    draw.current();
    const observer = new ResizeObserver(() => chart.resize());
    observer.observe(element);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const redraw = () => draw.current();
    scheme.addEventListener('change', redraw);
    return () => {
      observer.disconnect();
      scheme.removeEventListener('change', redraw);
      chart.dispose();
    };
  }, []);
  const latest = useRef(option);
  latest.current = option;
  useEffect(() => draw.current(), [option]);
  return <div ref={place} class="chart" style={{ height: `${height}px` }} role="img" aria-label={label} />;
}

function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  const value = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    font: style.fontFamily,
    text: value('text'),
    line: value('line'),
    base: value('base'),
    adapted: value('adapted'),
  };
}

/** Axes, fonts and colours that all charts have. */
export function commonOption({ font, text, line }: Colours) {
  const axis = {
    axisLabel: { color: text },
    nameTextStyle: { color: text },
    axisLine: { lineStyle: { color: line } },
    splitLine: { lineStyle: { color: line } },
  };
  return {
    axis,
    option: {
      animation: false,
      textStyle: { fontFamily: font, color: text },
      tooltip: { trigger: 'axis' },
    },
  };
}
