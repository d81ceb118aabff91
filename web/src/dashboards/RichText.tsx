import type { Block } from "../format/richtext";

export function RichText({ blocks }: { blocks: readonly Block[] }) {
  return (
    <>
      {blocks.map((block, i) => (
        <div key={i} style={block.align ? { textAlign: block.align } : undefined} className={block.bullet ? "bullet" : undefined}>
          {block.runs.map((run, j) => {
            const style = {
              ...(run.bold ? { fontWeight: 700 } : {}),
              ...(run.italic ? { fontStyle: "italic" } : {}),
              ...(run.underline ? { textDecoration: "underline" } : {}),
              ...(run.color ? { color: run.color } : {}),
              ...(run.background ? { backgroundColor: run.background } : {}),
              ...(run.fontSize ? { fontSize: run.fontSize, lineHeight: 1.3 } : {}),
            };
            return run.href === undefined
              ? <span key={j} style={style}>{run.text}</span>
              : <a key={j} style={style} href={run.href} target="_blank" rel="noreferrer noopener">{run.text}</a>;
          })}
        </div>
      ))}
    </>
  );
}
