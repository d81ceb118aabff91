import { useState } from "react";

/** A text that is taken when the reader is done with it: by Enter, or by leaving it. */
export function TextInput({ value, label, lines, placeholder, testid, onSet }: { value: string; label: string; lines: boolean; placeholder: string; testid: string; onSet: (value: string) => void }) {
  const [draft, setDraft] = useState(value);
  const take = () => {
    if (draft.trim() !== value) onSet(draft.trim());
  };
  const common = {
    value: draft,
    placeholder,
    "aria-label": label,
    "data-testid": testid,
    onBlur: take,
    onChange: (e: { target: { value: string } }) => setDraft(e.target.value),
  };
  if (lines) return <textarea className="control-text" rows={3} {...common} />;
  return (
    <input
      className="control-text"
      type="text"
      {...common}
      onKeyDown={(e) => {
        if (e.key === "Enter") take();
        if (e.key === "Escape") setDraft(value);
      }}
    />
  );
}
