// What every page is made of: its head, the shape it has before its data is there, an error with
// one thing to do about it, an empty place with a way on.

import Button from "@cloudscape-design/components/button";
import { useState, type CSSProperties, type ReactNode } from "react";
import { asApiError } from "../api/client";
import { EmptyDrawing } from "./icons";

export function Page({ crumbs, title, sub, actions, children, testid }: {
  crumbs?: ReactNode[]; title: ReactNode; sub?: ReactNode; actions?: ReactNode; children: ReactNode; testid?: string;
}) {
  return (
    <main className="page">
      {crumbs && (
        <ol className="crumbs" aria-label="Breadcrumbs">
          {crumbs.map((crumb, i) => <li key={i}>{crumb}</li>)}
        </ol>
      )}
      <div className="page-head">
        <h1 data-testid={testid}>{title}</h1>
        {sub !== undefined && <div className="sub">{sub}</div>}
        {actions !== undefined && <div className="actions">{actions}</div>}
      </div>
      {children}
    </main>
  );
}

export function Shape({ height, width, style }: { height: number | string; width?: number | string; style?: CSSProperties }) {
  return <div className="shape" style={{ height, width: width ?? "100%", ...style }} />;
}

/** Rows that are still to come. */
export function RowShapes({ count, height = 20 }: { count: number; height?: number }) {
  return (
    <div style={{ padding: 16, display: "grid", gap: 14 }} role="status" aria-label="Loading">
      {Array.from({ length: count }, (_, i) => <Shape key={i} height={height} width={`${90 - ((i * 17) % 40)}%`} />)}
    </div>
  );
}

export interface Fact {
  name: string;
  value: ReactNode;
}

export function ErrorCard({ title, message, facts, hint, action, testid }: {
  title: string; message?: ReactNode; facts?: Fact[]; hint?: ReactNode; action?: ReactNode; testid?: string;
}) {
  return (
    <div className="error-card" role="alert" data-testid={testid ?? "error-card"}>
      <h3>{title}</h3>
      {message !== undefined && <p>{message}</p>}
      {facts !== undefined && facts.length > 0 && (
        <dl>
          {facts.map((f) => [<dt key={`${f.name}-t`}>{f.name}</dt>, <dd key={`${f.name}-d`}>{f.value}</dd>])}
        </dl>
      )}
      {hint !== undefined && hint !== false && <div className="hint">{hint}</div>}
      {action !== undefined && <div className="act">{action}</div>}
    </div>
  );
}

/** A call that failed. An operation that the server lacks is named, and trying again is not offered. */
export function CallError({ error, what, retry }: { error: unknown; what: string; retry?: () => void }) {
  const e = asApiError(error);
  if (e.notImplemented) {
    return <ErrorCard title={e.operation ? `${e.operation} is not implemented here` : `${what} is not there yet`} message={e.message} />;
  }
  return (
    <ErrorCard
      title={`${what} can't be shown`}
      message={e.message}
      facts={[{ name: "Error", value: <code>{e.code}</code> }, ...(e.operation ? [{ name: "Operation", value: <code>{e.operation}</code> }] : [])]}
      hint={e.hint}
      action={retry && <Button variant="primary" onClick={retry}>Try again</Button>}
    />
  );
}

export function Empty({ title, children, command, action }: { title: string; children?: ReactNode; command?: string; action?: ReactNode }) {
  return (
    <div className="empty" data-testid="empty">
      <EmptyDrawing />
      <h2>{title}</h2>
      {children !== undefined && <p>{children}</p>}
      {command !== undefined && <Command text={command} />}
      {action}
    </div>
  );
}

export function Command({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(text).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    });
  };
  return (
    <span className="command">
      <span>{text}</span>
      <button type="button" onClick={copy}>{copied ? "Copied" : "Copy"}</button>
    </span>
  );
}
