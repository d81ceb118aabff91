import { useState } from "react";
import { grouping } from "../../format/number";

interface SliderProps {
  /** One number, or the two ends of a range. */
  value: readonly number[];
  min: number;
  max: number;
  step: number;
  label: string;
  testid: string;
  onSet: (value: number[]) => void;
}

/** One thumb, or two on one track; taken when a thumb is let go. */
export function SliderInput({ value, min, max, step, label, testid, onSet }: SliderProps) {
  const [draft, setDraft] = useState<readonly number[]>();
  const shown = draft ?? value;
  const take = () => {
    if (draft) onSet([...draft].sort((a, b) => a - b));
    setDraft(undefined);
  };
  const share = (v: number) => ((Math.min(max, Math.max(min, v)) - min) / (max - min || 1)) * 100;
  const ends = shown.length === 1 ? [min, shown[0] ?? min] : [Math.min(...shown), Math.max(...shown)];
  return (
    <div className="slider" data-testid={testid}>
      <div className="slider-track" style={{ "--from": `${share(ends[0] ?? min)}%`, "--to": `${share(ends[1] ?? max)}%` } as React.CSSProperties}>
        {shown.map((v, i) => (
          <input
            key={i}
            type="range"
            min={min}
            max={max}
            step={step}
            value={v}
            aria-label={shown.length === 1 ? label : `${label}, ${i === 0 ? "from" : "to"}`}
            onChange={(e) => setDraft(shown.map((other, j) => (j === i ? Number(e.target.value) : other)))}
            onPointerUp={take}
            onKeyUp={take}
            onBlur={take}
          />
        ))}
      </div>
      <output>{[...shown].sort((a, b) => a - b).map(grouping).join(" – ")}</output>
    </div>
  );
}
