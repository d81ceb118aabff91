// ECharts on the page. It draws in SVG while there are few marks (sharp at any size, prints well) and on
// a canvas when there are many.

import { BarChart, LineChart, PieChart } from "echarts/charts";
import { AxisPointerComponent, DataZoomComponent, GraphicComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { init, use as register, type ECharts } from "echarts/core";
import { LabelLayout } from "echarts/features";
import { CanvasRenderer, SVGRenderer } from "echarts/renderers";
import { useEffect, useEffectEvent, useRef, useState, type KeyboardEvent } from "react";
import type { ChartModel } from "./chart";
import { HiddenTable } from "./HiddenTable";

register([BarChart, LineChart, PieChart, GraphicComponent, GridComponent, TooltipComponent, AxisPointerComponent, LegendComponent, DataZoomComponent, MarkLineComponent, LabelLayout, SVGRenderer, CanvasRenderer]);

const manyMarks = 3000;

interface ChartProps {
  id: string;
  label: string;
  model: ChartModel;
  /** A mark was clicked; without a series it is a whole category. */
  onMark: (series: number | undefined, index: number, add: boolean) => void;
}

interface PointerEvent {
  offsetX: number;
  offsetY: number;
  event?: { ctrlKey?: boolean; metaKey?: boolean };
}
interface MarkEvent {
  componentType?: string;
  seriesIndex?: number;
  dataIndex?: number;
  event?: PointerEvent;
}

export function Chart({ id, label, model, onMark }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts>(undefined);
  const [cursor, setCursor] = useState<{ series: number; index: number }>();
  const { data } = model;
  const many = data.series.length * data.categories.length > manyMarks;
  const mark = useEffectEvent(onMark);
  const lines = useEffectEvent(() => isLine(model));

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const drawn = init(element, undefined, { renderer: many ? "canvas" : "svg" });
    chart.current = drawn;
    let taken = false;
    drawn.on("click", (raw) => {
      const e = raw as unknown as MarkEvent;
      if (e.componentType !== "series" || e.dataIndex === undefined) return;
      taken = true;
      mark(e.seriesIndex, e.dataIndex, held(e.event));
    });
    // A line is thin: a click anywhere in the plot takes the nearest point of the category axis.
    drawn.getZr().on("click", (raw) => {
      const e = raw as unknown as PointerEvent;
      if (taken) {
        taken = false;
        return;
      }
      if (!lines() || !drawn.containPixel("grid", [e.offsetX, e.offsetY])) return;
      const at = drawn.convertFromPixel({ gridIndex: 0 }, [e.offsetX, e.offsetY]);
      const index = Math.round(at[0] ?? -1);
      if (index >= 0) mark(undefined, index, held(e));
    });
    drawn.on("finished", () => placeMarks(element, drawn));
    const observer = new ResizeObserver(() => drawn.resize({ animation: { duration: 0 } }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      drawn.dispose();
      chart.current = undefined;
    };
  }, [many]);

  useEffect(() => {
    const drawn = chart.current;
    if (!drawn || !box.current) return;
    drawn.setOption(model.option, { notMerge: true });
    placeMarks(box.current, drawn);
  }, [model, many]);

  const move = (event: KeyboardEvent) => {
    const drawn = chart.current;
    const total = data.categories.length;
    if (!drawn || total === 0) return;
    const at = cursor ?? { series: 0, index: -1 };
    if (event.key === "Enter" || event.key === " ") {
      if (at.index >= 0) onMark(isLine(model) && data.series.length === 1 ? undefined : at.series, at.index, event.ctrlKey || event.metaKey);
      event.preventDefault();
      return;
    }
    if (event.key === "Escape") {
      drawn.dispatchAction({ type: "downplay" });
      drawn.dispatchAction({ type: "hideTip" });
      setCursor(undefined);
      return;
    }
    const horizontal = isHorizontal(model);
    const step = isPie(model) ? { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 }[event.key] : { ArrowRight: horizontal ? "series" : 1, ArrowLeft: horizontal ? "-series" : -1, ArrowDown: horizontal ? 1 : "series", ArrowUp: horizontal ? -1 : "-series" }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next =
      typeof step === "number"
        ? { ...at, index: Math.min(total - 1, Math.max(0, at.index + step)) }
        : { index: Math.max(0, at.index), series: (at.series + (step === "series" ? 1 : -1) + data.series.length) % data.series.length };
    setCursor(next);
    drawn.dispatchAction({ type: "downplay" });
    drawn.dispatchAction({ type: "highlight", seriesIndex: next.series, dataIndex: next.index });
    drawn.dispatchAction({ type: "showTip", seriesIndex: next.series, dataIndex: next.index });
  };

  const said = cursor && `${data.categories[cursor.index]?.label ?? ""}, ${data.series[cursor.series]?.label ?? ""}: ${String(data.series[cursor.series]?.data[cursor.index] ?? "no value")}`;
  return (
    <div className="chart" role="group" aria-label={label}>
      <div ref={box} className="chart-box" tabIndex={0} role="application" aria-label={`${label}. Arrow keys walk through the marks, Enter filters by one.`} onKeyDown={move} data-testid={`chart-${id}`} />
      <div className="vh" aria-live="polite">{said}</div>
      <HiddenTable id={id} label={label} data={data} onMark={onMark} />
    </div>
  );
}

const held = (e: PointerEvent | undefined): boolean => (e?.event?.ctrlKey ?? false) || (e?.event?.metaKey ?? false);

const isLine = (model: ChartModel): boolean => (model.option.series as { type: string }[])[0]?.type === "line";
const isPie = (model: ChartModel): boolean => (model.option.series as { type: string }[])[0]?.type === "pie";
const isHorizontal = (model: ChartModel): boolean => (model.option.yAxis as { type?: string } | undefined)?.type === "category";

interface ItemLayout {
  x?: number;
  y?: number;
  width?: number;
  height?: number;
  cx?: number;
  cy?: number;
  r0?: number;
  r?: number;
  startAngle?: number;
  endAngle?: number;
}
interface Internals {
  getModel: () => {
    getSeriesByIndex: (i: number) => { getData: () => { getItemLayout: (j: number) => ItemLayout | undefined; getLayout: (name: string) => ArrayLike<number> | undefined } } | undefined;
  };
}

/** Says in the hidden table where each mark was drawn, for tools that click where a reader would. */
function placeMarks(element: HTMLElement, chart: ECharts): void {
  const cells = element.parentElement?.querySelectorAll<HTMLElement>("[data-mark]") ?? [];
  const model = (chart as unknown as Internals).getModel();
  for (const cell of cells) {
    const [series, index] = (cell.dataset.mark ?? "").split(":").map(Number);
    const drawn = model.getSeriesByIndex(series ?? 0)?.getData();
    // A line keeps its points in one array, a bar a box for each, a slice angles and radii.
    const points = drawn?.getLayout("points");
    const box = drawn?.getItemLayout(index ?? 0);
    const at = points
      ? [points[2 * (index ?? 0)], points[2 * (index ?? 0) + 1]]
      : box?.cx === undefined
        ? [(box?.x ?? NaN) + (box?.width ?? 0) / 2, (box?.y ?? NaN) + (box?.height ?? 0) / 2]
        : sliceMiddle(box);
    if (at[0] === undefined || at[1] === undefined || Number.isNaN(at[0]) || Number.isNaN(at[1])) {
      delete cell.dataset.x;
      delete cell.dataset.y;
      continue;
    }
    cell.dataset.x = at[0].toFixed(1);
    cell.dataset.y = at[1].toFixed(1);
  }
}

function sliceMiddle({ cx = NaN, cy = NaN, r0 = 0, r = NaN, startAngle = NaN, endAngle = NaN }: ItemLayout): [number, number] {
  const angle = (startAngle + endAngle) / 2;
  const radius = r0 + (r - r0) * 0.6;
  return [cx + Math.cos(angle) * radius, cy + Math.sin(angle) * radius];
}
