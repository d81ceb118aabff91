import { expect, test } from "vitest";
import { allColumns, properties, recordCount, tableFormat } from "./table";

test.each([
  [{ Parameters: { table_type: "iceberg" } }, "Iceberg"],
  [{ Parameters: { classification: "csv" } }, "CSV"],
  [{ TableType: "VIRTUAL_VIEW" }, "View"],
  [{ StorageDescriptor: { SerdeInfo: { SerializationLibrary: "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe" } } }, "Parquet"],
  [{ Parameters: { classification: "hudi" } }, "hudi"],
  [{}, "Table"],
])("%j is %s", (table, want) => {
  expect(tableFormat({ Name: "t", ...table })).toBe(want);
});

test("counts, columns and properties", () => {
  const table = { Name: "t", Parameters: { recordCount: "327346" }, PartitionKeys: [{ Name: "month", Type: "int" }], StorageDescriptor: { Columns: [{ Name: "a", Type: "string" }], Location: "s3://b/t/" } };
  expect(recordCount(table)).toBe(327346);
  expect(recordCount({ Name: "t" })).toBeUndefined();
  expect(recordCount({ Name: "t", Parameters: { recordCount: "-1" } })).toBeUndefined();
  expect(allColumns(table).map((c) => [c.Name, c.partition])).toEqual([["a", false], ["month", true]]);
  expect(properties(table)).toEqual([["Location", "s3://b/t/"], ["recordCount", "327346"]]);
});
