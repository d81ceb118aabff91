// Where a sheet's elements go. A tiled sheet is a grid of 36 columns; a free one is in pixels.

import type { FreeFormElement, GridElement, Sheet } from "./definition";
import { readVisual } from "./definition";

export const columns = 36;
/** Height of a row in pixels: what QuickSight shows at its design width. */
export const rowHeight = 32;

/** Left and width are shares of the sheet's width, top and height are pixels. */
export interface Box {
  id: string;
  type: GridElement["ElementType"];
  left: number;
  width: number;
  top: number;
  height: number;
}

export interface Placement {
  boxes: Box[];
  height: number;
}

export function placeSheet(sheet: Sheet): Placement {
  const configuration = sheet.Layouts?.[0]?.Configuration;
  if (configuration?.FreeFormLayout) {
    const { Elements, CanvasSizeOptions } = configuration.FreeFormLayout;
    const width = pixels(CanvasSizeOptions?.ScreenCanvasSizeOptions?.OptimizedViewPortWidth) || 1600;
    return placed(Elements.filter((e) => e.Visibility !== "HIDDEN").map((e) => freeBox(e, width)));
  }
  const listed = configuration?.GridLayout?.Elements ?? [];
  const known = new Set(listed.map((e) => e.ElementId));
  // A visual that no layout names is still part of the sheet: it gets the first free place.
  const unlisted = (sheet.Visuals ?? []).flatMap((document): GridElement[] => {
    const visual = readVisual(document);
    if (!visual || (known.has(visual.id) && listed.length > 0)) return [];
    return [{ ElementId: visual.id, ElementType: "VISUAL", ...defaultSize(visual.type) }];
  });
  return placed(placeGrid([...listed, ...unlisted]));
}

function defaultSize(type: string): { ColumnSpan: number; RowSpan: number } {
  if (type === "KPIVisual") return { ColumnSpan: 9, RowSpan: 5 };
  if (type === "TableVisual") return { ColumnSpan: 36, RowSpan: 12 };
  return { ColumnSpan: 18, RowSpan: 12 };
}

/** Elements with a place keep it; the others take the first free one, in order. */
export function placeGrid(elements: readonly GridElement[]): Box[] {
  const taken: { column: number; row: number; width: number; height: number }[] = [];
  const free = (column: number, row: number, width: number, height: number) =>
    !taken.some((t) => column < t.column + t.width && t.column < column + width && row < t.row + t.height && t.row < row + height);
  const spots = new Map<GridElement, { column: number; row: number; width: number; height: number }>();
  const size = (e: GridElement) => ({ width: clamp(e.ColumnSpan, 1, columns), height: Math.max(1, e.RowSpan) });

  for (const e of elements) {
    if (e.ColumnIndex === undefined || e.RowIndex === undefined) continue;
    const { width, height } = size(e);
    const spot = { column: clamp(e.ColumnIndex, 0, columns - width), row: Math.max(0, e.RowIndex), width, height };
    spots.set(e, spot);
    taken.push(spot);
  }
  for (const e of elements) {
    if (spots.has(e)) continue;
    const { width, height } = size(e);
    for (let row = e.RowIndex ?? 0; !spots.has(e); row++) {
      for (let column = e.ColumnIndex ?? 0; column <= columns - width; column++) {
        if (!free(column, row, width, height)) continue;
        const spot = { column, row, width, height };
        spots.set(e, spot);
        taken.push(spot);
        break;
      }
      if (e.ColumnIndex !== undefined && e.ColumnIndex > columns - width) {
        const spot = { column: columns - width, row, width, height };
        spots.set(e, spot);
        taken.push(spot);
      }
    }
  }
  return elements.map((e) => {
    const spot = spots.get(e) ?? { column: 0, row: 0, width: 1, height: 1 };
    return {
      id: e.ElementId,
      type: e.ElementType,
      left: spot.column / columns,
      width: spot.width / columns,
      top: spot.row * rowHeight,
      height: spot.height * rowHeight,
    };
  });
}

function freeBox(e: FreeFormElement, canvas: number): Box {
  return {
    id: e.ElementId,
    type: e.ElementType,
    left: pixels(e.XAxisLocation) / canvas,
    width: pixels(e.Width) / canvas,
    top: pixels(e.YAxisLocation),
    height: pixels(e.Height),
  };
}

const pixels = (text: string | undefined): number => Number.parseFloat(text ?? "") || 0;
const clamp = (n: number, low: number, high: number): number => Math.min(Math.max(n, low), high);

/** In reading order, so that the keyboard walks a sheet as the eye does. */
function placed(boxes: Box[]): Placement {
  return {
    boxes: boxes.toSorted((a, b) => a.top - b.top || a.left - b.left),
    height: Math.max(0, ...boxes.map((b) => b.top + b.height)),
  };
}

/** On a narrow window the elements are stacked, each as wide as the window. */
export function stack(placement: Placement): Placement {
  let top = 0;
  const boxes = placement.boxes.map((b) => {
    const box = { ...b, left: 0, width: 1, top };
    top += b.height;
    return box;
  });
  return { boxes, height: top };
}
