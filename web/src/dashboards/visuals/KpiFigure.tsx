import type { VisualResult } from "../../api/query";
import type { KPIVisual } from "../definition";
import { useViewer } from "../viewer";
import { readKpi, type Kpi } from "./kpi";

export function KpiFigure({ visual, result }: { visual: KPIVisual; result: VisualResult }) {
  const { formats } = useViewer();
  const kpi = readKpi(visual, result, formats);
  if (!kpi) return <div className="visual-none">This KPI has no value in its wells.</div>;
  const { comparison, looks } = kpi;
  return (
    <div className="kpi">
      <div className="kpi-value" data-testid={`kpi-value-${visual.VisualId}`} data-value={kpi.value ?? ""} style={{ color: looks.primary.color }}>
        {looks.primary.icon && <span className="cell-icon" style={{ color: looks.primary.icon.color }} aria-hidden="true">{looks.primary.icon.text}</span>}
        {kpi.primary}
      </div>
      {comparison && (
        <div className={`kpi-comparison ${comparison.direction}`} data-testid={`kpi-comparison-${visual.VisualId}`} style={{ color: looks.comparison.color }}>
          {looks.comparison.icon && <span className="cell-icon" style={{ color: looks.comparison.icon.color }} aria-hidden="true">{looks.comparison.icon.text}</span>}
          <span aria-hidden="true">{{ up: "▲", down: "▼", same: "=" }[comparison.direction]}</span> {comparison.text}
          <span className="secondary"> vs {comparison.against}</span>
        </div>
      )}
      {kpi.progress !== undefined && (
        <div className="kpi-progress" role="progressbar" aria-label={`${kpi.label}, share of ${comparison?.against ?? "the target"}`} aria-valuenow={Math.round(kpi.progress * 100)} aria-valuemin={0} aria-valuemax={100}><div style={{ width: `${kpi.progress * 100}%`, background: looks.progress }} /></div>
      )}
      {kpi.trend && <Sparkline trend={kpi.trend} />}
    </div>
  );
}

function Sparkline({ trend }: { trend: NonNullable<Kpi["trend"]> }) {
  const points = trend.values.map((v, i) => ({ v, i })).filter((p): p is { v: number; i: number } => p.v !== null);
  if (points.length < 2) return null;
  const low = Math.min(...points.map((p) => p.v));
  const high = Math.max(...points.map((p) => p.v));
  const at = (p: { v: number; i: number }) => `${((p.i / (trend.values.length - 1)) * 100).toFixed(2)},${(36 - ((p.v - low) / (high - low || 1)) * 32).toFixed(2)}`;
  const path = points.map(at).join(" L");
  const color = trend.color ?? "var(--accent)";
  return (
    <svg className="kpi-trend" viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label={`${trend.labels[0] ?? ""} to ${trend.labels.at(-1) ?? ""}`}>
      {trend.type === "AREA" && <path d={`M0,40 L${path} L100,40 Z`} fill={color} opacity="0.18" />}
      <path d={`M${path}`} fill="none" stroke={color} strokeWidth="2" vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
