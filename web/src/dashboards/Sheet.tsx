import { useMemo, useRef, type ReactNode } from "react";
import { readRichText } from "../format/richtext";
import { Empty } from "../shell/parts";
import { useSize } from "../shell/size";
import { Control } from "./controls/Control";
import { ParameterControl } from "./controls/ParameterControl";
import { readControl, readParameterControl, readVisual, type Filter, type FilterControl, type ParameterControl as ParameterControlEntry, type Sheet as SheetDocument } from "./definition";
import { describeFilter } from "./filters";
import { placeSheet, stack, type Box } from "./layout";
import { RichText } from "./RichText";
import type { Picked } from "./selections";
import { useViewer } from "./viewer";
import { VisualCard } from "./VisualCard";

const narrow = 720;

export function Sheet({ sheet, clear }: { sheet: SheetDocument; clear: (visualId: string | undefined) => void }) {
  const viewer = useViewer();
  const box = useRef<HTMLDivElement>(null);
  const size = useSize(box);
  const placement = useMemo(() => placeSheet(sheet), [sheet]);
  const shown = size && size.width < narrow ? stack(placement) : placement;
  const controls = useMemo(() => controlsOf(sheet, viewer.filters), [sheet, viewer.filters]);
  const parameterControls = useMemo(() => (sheet.ParameterControls ?? []).map(readParameterControl).filter((c) => c !== undefined), [sheet]);
  const placed = new Set(placement.boxes.map((b) => b.id));
  const barOrder = sheet.SheetControlLayouts?.[0]?.Configuration.GridLayout?.Elements.map((e) => e.ElementId) ?? [];
  const bar = [
    ...parameterControls.filter((c) => !placed.has(c.id)).map((c) => ({ id: c.id, node: <ParameterControl key={c.id} control={c} tall={false} /> })),
    ...controls.filter((c) => !placed.has(c.id)).map((c) => ({ id: c.id, node: <Control key={c.id} control={c} tall={false} /> })),
  ].toSorted((a, b) => placeOf(barOrder, a.id) - placeOf(barOrder, b.id));
  const hidden = Object.entries(viewer.filterState).filter(([id]) => viewer.filters.has(id) && !controls.some((c) => c.filterId === id));

  return (
    <>
      {(sheet.Title === undefined || sheet.Title === "") && <h2 className="vh">{sheet.Name ?? "Sheet"}</h2>}
      {sheet.Title !== undefined && sheet.Title !== "" && (
        <div className="sheet-title">
          <h2><RichText blocks={readRichText(sheet.Title, viewer.texts)} /></h2>
          {sheet.Description !== undefined && <div className="secondary">{sheet.Description}</div>}
        </div>
      )}
      {bar.length > 0 && <div className="sheet-head card" data-testid="controls">{bar.map((c) => c.node)}</div>}
      {(viewer.picks.length > 0 || hidden.length > 0) && (
        <div className="chips" data-testid="chips">
          {viewer.picks.map((p) => <PickChip key={p.visualId} picked={p} onClear={() => clear(p.visualId)} />)}
          {hidden.map(([id, value]) => (
            <Chip key={id} testid={`chip-${id}`} name={viewer.filters.get(id)?.column.ColumnName ?? id} text={describeFilter(value)} onClear={() => viewer.setFilter(id, undefined)} />
          ))}
          {viewer.picks.length + hidden.length > 1 && <button type="button" className="clear" onClick={() => clear(undefined)}>Clear all</button>}
        </div>
      )}
      {placement.boxes.length === 0 && <div className="card"><Empty title="This sheet is empty">Its definition places nothing on it.</Empty></div>}
      <div className="sheet" ref={box} style={{ height: shown.height }} data-testid="sheet">
        {shown.boxes.map((b) => (
          <div key={b.id} className="element" style={{ left: `${b.left * 100}%`, width: `${b.width * 100}%`, top: b.top, height: b.height }}>
            <Element box={b} sheet={sheet} controls={controls} parameterControls={parameterControls} />
          </div>
        ))}
      </div>
    </>
  );
}

function Element({ box, sheet, controls, parameterControls }: { box: Box; sheet: SheetDocument; controls: readonly FilterControl[]; parameterControls: readonly ParameterControlEntry[] }): ReactNode {
  const { texts } = useViewer();
  const visual = useMemo(() => (sheet.Visuals ?? []).map(readVisual).find((v) => v?.id === box.id), [sheet, box.id]);
  switch (box.type) {
    case "VISUAL":
      return visual ? <VisualCard visual={visual} /> : <Unknown what={`The layout names a visual ${box.id} that the sheet does not have.`} />;
    case "FILTER_CONTROL": {
      const control = controls.find((c) => c.id === box.id);
      return control ? <Control control={control} tall={box.height > 100} /> : <Unknown what={`The layout names a control ${box.id} that the sheet does not have.`} />;
    }
    case "TEXT_BOX": {
      const content = sheet.TextBoxes?.find((t) => t.SheetTextBoxId === box.id)?.Content;
      return <div className="text-box" data-testid={`text-${box.id}`}><RichText blocks={readRichText(content ?? "", texts)} /></div>;
    }
    case "PARAMETER_CONTROL": {
      const control = parameterControls.find((c) => c.id === box.id);
      return control ? <ParameterControl control={control} tall={box.height > 100} /> : <Unknown what={`The layout names a control ${box.id} that the sheet does not have.`} />;
    }
    case "IMAGE":
      return <Unknown what="Images are stored as they came, but not drawn by this version." />;
  }
}

const Unknown = ({ what }: { what: string }) => <section className="visual card"><div className="visual-unsupported" style={{ margin: 12 }}>{what}</div></section>;

function controlsOf(sheet: SheetDocument, filters: Map<string, Filter>): FilterControl[] {
  return (sheet.FilterControls ?? [])
    .map((c) => readControl(c, filters))
    .filter((c) => c !== undefined);
}

/** The sheet's bar says the order of its controls; others follow. */
const placeOf = (order: readonly string[], id: string): number => (order.includes(id) ? order.indexOf(id) : order.length);

function PickChip({ picked, onClear }: { picked: Picked; onClear: () => void }) {
  const name = picked.columns.map((c) => c.column).join(", ");
  const text = picked.columns.map((c) => (c.labels.length > 3 ? `${c.labels.slice(0, 3).join(", ")} and ${c.labels.length - 3} more` : c.labels.join(", "))).join(" · ");
  return <Chip testid={`chip-${picked.visualId}`} name={name} text={text} onClear={onClear} />;
}

function Chip({ testid, name, text, onClear }: { testid: string; name: string; text: string; onClear: () => void }) {
  return (
    <span className="chip" data-testid={testid}>
      <span className="ellipsis">{name}: <b>{text}</b></span>
      <button type="button" onClick={onClear} aria-label={`Remove the filter ${name}: ${text}`}>×</button>
    </span>
  );
}
