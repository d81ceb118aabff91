import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { databasesQuery } from "../api/glue";
import { CallError, Empty, Page } from "../shell/parts";
import "./data.css";
import { TablePane } from "./TablePane";
import { Tree } from "./Tree";

export function DataPage() {
  const { database, table } = useParams({ strict: false });
  const databases = useQuery(databasesQuery);
  if (databases.isError) return <Page title="Data"><CallError error={databases.error} what="The catalog" retry={() => void databases.refetch()} /></Page>;
  if (databases.data?.length === 0) {
    return (
      <Page title="Data">
        <div className="card">
          <Empty title="No tables yet" command="aws glue create-crawler --name raw --role crawler --database-name raw --targets S3Targets=[{Path=s3://BUCKET/raw/}]">
            A table appears when a crawler has read files in a bucket, when a job writes one, or when a pipeline is applied.
          </Empty>
        </div>
      </Page>
    );
  }
  return (
    <main className="page">
      {table === undefined && <h1 className="vh">Data</h1>}
      <div className="data">
        <Tree databases={databases.data} open={database} table={table} />
        {database !== undefined && table !== undefined ? (
          <TablePane key={`${database}.${table}`} database={database} name={table} />
        ) : (
          <div className="card"><Empty title="Choose a table">Its rows, columns, partitions and properties are shown here.</Empty></div>
        )}
      </div>
    </main>
  );
}
