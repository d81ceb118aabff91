import Button from "@cloudscape-design/components/button";
import { Link, type ErrorComponentProps } from "@tanstack/react-router";
import { Empty, ErrorCard } from "./parts";

export function NotFound() {
  return (
    <main className="page">
      <div className="card"><Empty title="There is nothing at this address" action={<Link to="/">To the pipelines</Link>} /></div>
    </main>
  );
}

/** A page that broke. A new build changes the names of its parts: reading it again brings them. */
export function PageError({ error }: ErrorComponentProps) {
  const message = error instanceof Error ? error.message : String(error);
  return (
    <main className="page">
      <ErrorCard title="This page broke" message={message} action={<Button variant="primary" onClick={() => window.location.reload()}>Load it again</Button>} />
    </main>
  );
}
