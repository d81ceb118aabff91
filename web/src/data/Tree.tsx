import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { tablesQuery, type Database } from "../api/glue";
import { grouping } from "../format/number";
import { DatabaseIcon, TableIcon } from "../shell/icons";
import { RowShapes } from "../shell/parts";

export function Tree({ databases, open, table }: { databases: Database[] | undefined; open: string | undefined; table: string | undefined }) {
  const [find, setFind] = useState("");
  return (
    <nav className="card tree" aria-label="Databases and tables" data-testid="tree">
      <input className="tree-find" type="search" placeholder="Find a table" aria-label="Find a table" value={find} onChange={(e) => setFind(e.target.value)} />
      {databases === undefined ? (
        <RowShapes count={6} />
      ) : (
        <ul>
          {databases.toSorted((a, b) => a.Name.localeCompare(b.Name)).map((d) => (
            <DatabaseBranch key={d.Name} name={d.Name} table={d.Name === open ? table : undefined} startOpen={open === undefined ? databases.length <= 4 : d.Name === open} find={find.trim().toLowerCase()} />
          ))}
        </ul>
      )}
    </nav>
  );
}

function DatabaseBranch({ name, table, startOpen, find }: { name: string; table: string | undefined; startOpen: boolean; find: string }) {
  const [opened, setOpened] = useState(startOpen);
  const open = opened || find !== "";
  const tables = useQuery({ ...tablesQuery(name), enabled: open });
  const shown = (tables.data ?? []).filter((t) => t.Name.toLowerCase().includes(find) || name.toLowerCase().includes(find)).toSorted((a, b) => a.Name.localeCompare(b.Name));
  if (find !== "" && tables.isSuccess && shown.length === 0) return null;
  return (
    <li className="database">
      <button type="button" aria-expanded={open} onClick={() => setOpened(!opened)} data-testid={`database-${name}`}>
        <span className={`turn ${open ? "open" : ""}`} aria-hidden="true">▶</span>
        <DatabaseIcon />
        <span className="ellipsis">{name}</span>
        {tables.data && <span className="count">{grouping(tables.data.length)}</span>}
      </button>
      {open && (
        <ul className="tables">
          {tables.isPending && <li className="none">Reading its tables</li>}
          {tables.isError && <li className="none" role="alert">{tables.error.message}</li>}
          {tables.isSuccess && shown.length === 0 && <li className="none">No tables</li>}
          {shown.map((t) => (
            <li key={t.Name}>
              <Link to="/data/$database/$table" params={{ database: name, table: t.Name }} {...(t.Name === table ? { "aria-current": "page" as const } : {})} data-testid={`table-${name}.${t.Name}`}>
                <TableIcon />
                <span className="ellipsis">{t.Name}</span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}
